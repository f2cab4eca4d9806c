package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
)

// documentApp adds the app's endpoints to the OpenAPI document: they answer in
// the ecosystem's own envelope, which huma would not write.
func (a *API) documentApp() {
	const options = "datasource 1 answers from the twin (get); queue keeps it for a device that is offline (set, action), for ttl_s seconds."
	for _, e := range []struct {
		id, path, summary string
		result            reflect.Type
		params            *huma.Schema
	}{
		{"app-get-properties", "/app/v2/miotspec/prop/get", "Read properties of several devices", reflect.TypeFor[[]appProperty](), items("did", "siid", "piid")},
		{"app-set-properties", "/app/v2/miotspec/prop/set", "Write properties of several devices", reflect.TypeFor[[]appProperty](), items("did", "siid", "piid", "value")},
		{"app-action", "/app/v2/miotspec/action", "Invoke an action", reflect.TypeFor[appActionResult](), object("did", "siid", "aiid", "in")},
	} {
		a.documentAppCall(e.id, e.path, e.summary, options, e.result, &huma.Schema{
			Type: huma.TypeObject, Required: []string{"params"},
			Properties: map[string]*huma.Schema{
				"params": e.params, "queue": {Type: huma.TypeBoolean}, "ttl_s": {Type: huma.TypeInteger}, "datasource": {Type: huma.TypeInteger},
			},
		})
	}
	a.documentAppCall("app-devices", "/app/v2/home/device_list_page", "List the devices that the account may see",
		"Of its own and in the homes where it lives: at most 200 from start_did on, or those that dids names.",
		reflect.TypeFor[appDeviceList](), optionalMembers(map[string]string{"limit": huma.TypeInteger, "start_did": huma.TypeString, "dids": huma.TypeArray}))
	a.documentAppCall("app-homes", "/app/v2/homeroom/gethome", "List the homes with their rooms and devices",
		"At most 20 from start_id on; without the shared ones where fetch_share is false.",
		reflect.TypeFor[appHomeList](), optionalMembers(map[string]string{"limit": huma.TypeInteger, "start_id": huma.TypeString, "fetch_share": huma.TypeBoolean}))
}

// optionalMembers is the schema of an object with such members, if it likes.
func optionalMembers(types map[string]string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, Properties: make(map[string]*huma.Schema)}
	for name, t := range types {
		s.Properties[name] = &huma.Schema{Type: t}
		if t == huma.TypeArray {
			s.Properties[name].Items = &huma.Schema{Type: huma.TypeString}
		}
	}
	return s
}

func (a *API) documentAppCall(id, path, summary, options string, result reflect.Type, body *huma.Schema) {
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, Tags: []string{"App"},
		Description: "For home apps (protocol §6). The status is 200 whenever the token is good; code says how it went, within 8 s. " + options,
		Security:    []map[string][]string{{"token": {string(auth.ScopeApp)}}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: body}}},
		Responses: map[string]*huma.Response{
			"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
				Type: huma.TypeObject, Required: []string{"code", "message"},
				Properties: map[string]*huma.Schema{
					"code": {Type: huma.TypeInteger}, "message": {Type: huma.TypeString}, "result": a.schema(result),
				},
			}}}},
			"default": a.problemResponse(),
		},
	})
}

// object is the schema of an object with these members.
func object(members ...string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, Properties: make(map[string]*huma.Schema), Required: members}
	for _, m := range members {
		switch m {
		case "did":
			s.Properties[m] = &huma.Schema{Type: huma.TypeString}
		case "value":
			s.Properties[m] = &huma.Schema{}
		case "in":
			s.Properties[m] = &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{}, Description: "Bare values in the spec's order, or objects {piid, value}."}
		default:
			s.Properties[m] = &huma.Schema{Type: huma.TypeInteger}
		}
	}
	return s
}

func items(members ...string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: object(members...)}
}
