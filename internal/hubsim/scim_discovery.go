package hubsim

import (
	"net/http"
	"strings"
)

// discovery refuses where the app has none.
func (sc *scimCall) discovery() *scimError {
	if sc.hub.settings.NoDiscovery {
		return scimErr(sc.hub.settings.DiscoveryStatus, "", "There is no endpoint %s.", sc.path)
	}
	return nil
}

// providerConfig serves what the app says it can do.
// API: RFC 7643, section 5.
func (s *scimSim) providerConfig(sc *scimCall) (*scimAnswer, *scimError) {
	if refused := sc.discovery(); refused != nil {
		return nil, refused
	}
	settings := sc.hub.settings
	supported := func(yes bool) scimObject { return scimObject{"supported": yes} }
	return &scimAnswer{status: http.StatusOK, body: scimObject{
		"schemas":          []string{settings.urn(scimConfigURN)},
		"documentationUri": "https://" + sc.hub.id + ".example/docs/scim",
		"patch":            supported(!settings.NoPatch),
		"bulk":             scimObject{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter":           scimObject{"supported": !settings.NoFilter, "maxResults": settings.ServerCap},
		"changePassword":   supported(false),
		"sort":             supported(false),
		"etag":             supported(!settings.NoEtag),
		"authenticationSchemes": []scimObject{{
			"type": "oauthbearertoken", "name": "Bearer token", "description": "Token from the admin console.", "primary": true,
		}},
		"meta": scimObject{"resourceType": "ServiceProviderConfig", "location": sc.root + "/ServiceProviderConfig"},
	}}, nil
}

// kinds are the resources the app has.
func (h *scimHub) kinds() []*scimKind {
	if h.settings.NoGroups {
		return []*scimKind{scimUsers}
	}
	return []*scimKind{scimUsers, scimGroups}
}

// resourceTypes serves the list of them, or one.
// API: RFC 7643, section 6.
func (s *scimSim) resourceTypes(sc *scimCall) (*scimAnswer, *scimError) {
	if refused := sc.discovery(); refused != nil {
		return nil, refused
	}
	byID, all := map[string]scimObject{}, []any{}
	for _, kind := range sc.hub.kinds() {
		object := scimObject{
			"schemas": []string{scimResourceTypeURN},
			"id":      kind.name, "name": kind.name, "endpoint": "/" + kind.path, "schema": kind.urn,
			"meta": scimObject{"resourceType": "ResourceType", "location": sc.root + "/ResourceTypes/" + kind.name},
		}
		for urn := range kind.extension {
			object["schemaExtensions"] = []scimObject{{"schema": urn, "required": false}}
		}
		byID[kind.name], all = object, append(all, object)
	}
	return sc.described(byID, all)
}

// schemas serves the list of them, or one.
// API: RFC 7643, section 7.
func (s *scimSim) schemas(sc *scimCall) (*scimAnswer, *scimError) {
	if refused := sc.discovery(); refused != nil {
		return nil, refused
	}
	byID, all := map[string]scimObject{}, []any{}
	add := func(urn, name string, attributes []scimAttribute) {
		object := scimObject{
			"schemas": []string{scimSchemaURN}, "id": urn, "name": name, "description": name,
			"attributes": sc.hub.describeAttributes(attributes, ""),
			"meta":       scimObject{"resourceType": "Schema", "location": sc.root + "/Schemas/" + urn},
		}
		byID[urn], all = object, append(all, object)
	}
	for _, kind := range sc.hub.kinds() {
		add(kind.urn, kind.name, kind.attributes[len(scimCommon):])
		for urn, attributes := range kind.extension {
			add(urn, "EnterpriseUser", attributes)
		}
	}
	return sc.described(byID, all)
}

// described answers a list of descriptions, or the one that was asked for.
func (sc *scimCall) described(byID map[string]scimObject, all []any) (*scimAnswer, *scimError) {
	switch object, known := byID[sc.id]; {
	case sc.id != "" && !known:
		return nil, sc.notFound()
	case sc.id != "":
		return &scimAnswer{status: http.StatusOK, body: object}, nil
	case sc.hub.settings.BareDiscovery:
		return &scimAnswer{status: http.StatusOK, body: all}, nil
	}
	return &scimAnswer{status: http.StatusOK, body: scimObject{
		"schemas": []string{sc.hub.settings.urn(scimListURN)}, "totalResults": len(all), "startIndex": 1, "itemsPerPage": len(all), "Resources": all,
	}}, nil
}

// describeAttributes writes definitions out. The roles an app knows are the
// canonical values of where it keeps them.
func (h *scimHub) describeAttributes(attributes []scimAttribute, of string) []scimObject {
	all := make([]scimObject, 0, len(attributes))
	for _, a := range attributes {
		kind := a.kind
		if kind == "" {
			kind = "string"
		}
		object := scimObject{
			"name": a.name, "type": kind, "multiValued": a.multi, "description": a.name, "required": a.required, "caseExact": a.exact,
			"mutability": "readWrite", "returned": "default", "uniqueness": "none",
		}
		roles := a.name == "roles" || a.name == "entitlements"
		switch {
		case a.name == "password":
			object["mutability"], object["returned"] = "writeOnly", "never"
		case a.readOnly, roles && h.settings.ReadOnly:
			object["mutability"] = "readOnly"
		}
		if a.unique {
			object["uniqueness"] = "server"
		}
		if a.sub != nil {
			object["subAttributes"] = h.describeAttributes(a.sub, a.name)
		}
		if a.name == "value" && strings.EqualFold(of, h.settings.RoleSource) && len(h.settings.Roles) > 0 {
			object["canonicalValues"] = h.settings.Roles
		}
		all = append(all, object)
	}
	return all
}
