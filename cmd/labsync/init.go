package main

import (
	"crypto/rand"
	"strings"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

func initCommand(e *environment) *cobra.Command {
	var name, person, listen, api, discovery string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make this machine a device: identity and configuration",
		Long: "Makes the identity (a key and a certificate) and config.toml in the home, and prints the device ID.\n" +
			"Where they exist the identity stays, and only what is given is changed in config.toml. \"labsync up\" does this by itself.",
		Args: takes(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := e.home()
			if err != nil {
				return err
			}
			_, err = config.Update(home, func(c *config.Config) error {
				given := func(flag string, set func()) {
					if cmd.Flags().Changed(flag) {
						set()
					}
				}
				given("name", func() { c.Name = name })
				given("person", func() { c.Person = person })
				given("listen", func() { c.Listen = commas(listen) })
				given("api", func() { c.API = api })
				given("discovery", func() { c.Discovery = commas(discovery) })
				return nil
			})
			if err != nil {
				return err
			}
			id, _, err := device.LoadOrCreate(home, rand.Reader)
			if err != nil {
				return err
			}
			e.say("%s", id.ID())
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "what other devices see this one as (default: the host's name)")
	f.StringVar(&person, "person", "", "who works on this device")
	f.StringVar(&listen, "listen", "", "addresses to listen on, as quic://:22025,tcp://:22025")
	f.StringVar(&api, "api", "", "loopback address of the API, as 127.0.0.1:8385, or off")
	f.StringVar(&discovery, "discovery", "", "how addresses are found beyond the configured ones: none")
	completeWith(cmd, "discovery", "none")
	return cmd
}

// commas splits a list as it is typed; "" is the empty list.
func commas(s string) []string {
	list := []string{}
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
