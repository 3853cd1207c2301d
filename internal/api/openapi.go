package api

import _ "embed" // for the document beside this file

//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the description of the API as an OpenAPI 3.1 document.
func OpenAPI() []byte { return openAPI }
