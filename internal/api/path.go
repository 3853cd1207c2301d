package api

// Paths of the routes. What a request is about stands in its query, because a
// folder's ID may be any text; what it says stands in its body.
const (
	PathStatus         = "/v1/status"
	PathEvents         = "/v1/events"           // ?since=N, server-sent events
	PathWait           = "/v1/wait"             // ?folder=ID
	PathDevices        = "/v1/devices"          // DELETE: ?id=ID
	PathDevicePause    = "/v1/devices/pause"    // ?id=ID
	PathFolders        = "/v1/folders"          // PATCH, DELETE: ?id=ID
	PathFolderPause    = "/v1/folders/pause"    // ?id=ID
	PathFolderRescan   = "/v1/folders/rescan"   // ?id=ID&name=NAME
	PathFolderOverride = "/v1/folders/override" // ?id=ID
	PathFolderRevert   = "/v1/folders/revert"   // ?id=ID
	PathLimits         = "/v1/limits"
	PathLogLevel       = "/v1/log-level"
	PathShutdown       = "/v1/shutdown"
	PathOpenAPI        = "/openapi.json"
)
