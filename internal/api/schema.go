package api

import (
	"encoding/json"
	"fmt"
)

// Schema is the version of the JSON. Its only value is written as 1; reading
// any other is an error, because the meaning of the fields is unknown then.
type Schema struct{}

const schemaNumber = 1

// MarshalJSON writes the number of the schema.
func (Schema) MarshalJSON() ([]byte, error) { return json.Marshal(schemaNumber) }

// UnmarshalJSON accepts the number of the schema.
func (*Schema) UnmarshalJSON(text []byte) error {
	var n int
	if err := json.Unmarshal(text, &n); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if n != schemaNumber {
		return fmt.Errorf("the daemon speaks schema %d of the API and this program schema %d: use programs of one version", n, schemaNumber)
	}
	return nil
}

// List is a JSON array that is [] rather than null when it is nil.
type List[T any] []T

// MarshalJSON writes the array.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}
