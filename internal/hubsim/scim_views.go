package hubsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// view is a resource as the API shows it, before the shapes an app has of its
// own. Filters look at this. members says whether a group's are wanted.
func (h *scimHub) view(r *scimResource, st *scimState, root string, now time.Time, members bool) scimObject {
	object := make(scimObject, len(st.attrs)+4)
	maps.Copy(object, st.attrs)
	object["id"] = r.id
	object["schemas"] = h.schemasOf(r.kind, st)
	object["meta"] = h.meta(r, st, root)
	delete(object, "password") // is never returned
	if r.kind == scimGroups {
		if members && len(st.members) > 0 {
			list := make([]any, len(st.members))
			for i, id := range st.members {
				list[i] = h.memberView(id, root)
			}
			object["members"] = list
		}
		return object
	}
	if h.settings.ObfuscatesInactive && !st.active() {
		h.obfuscate(object)
	}
	var groups []any
	for _, g := range h.groups.list {
		group, shown := g.states.at(now)
		if shown && !group.gone && !h.settings.NoGroups && group.has(r.id) {
			groups = append(groups, scimObject{
				"value": g.id, "$ref": root + "/Groups/" + g.id, "display": group.text("displayName"), "type": "direct",
			})
		}
	}
	if groups != nil {
		object["groups"] = groups
	}
	return object
}

// memberView is a member of a group. Without a root it is only looked at.
func (h *scimHub) memberView(id, root string) scimObject {
	member := scimObject{"value": id, "type": "User"}
	if r := h.users.byID[id]; r != nil {
		if name := r.states.truth().name(); name != "" {
			member["display"] = name
		}
	}
	if root != "" {
		member["$ref"] = root + "/Users/" + id
	}
	return member
}

func (h *scimHub) schemasOf(kind *scimKind, st *scimState) []any {
	schemas := []any{h.settings.urn(kind.urn)}
	for _, name := range slices.Sorted(maps.Keys(st.attrs)) {
		if scimIsURN(name) {
			schemas = append(schemas, name)
		}
	}
	return schemas
}

func (h *scimHub) meta(r *scimResource, st *scimState, root string) scimObject {
	meta := scimObject{
		"resourceType": r.kind.name, "created": h.date(r.created), "lastModified": h.date(st.modified), "location": r.location(root),
	}
	if !h.settings.NoEtag {
		meta["version"] = st.etag()
	}
	return meta
}

func (r *scimResource) location(root string) string { return root + "/" + r.kind.path + "/" + r.id }

func (st *scimState) etag() string { return fmt.Sprintf(`W/"%x"`, 0xa330bc54+st.version) }

func (h *scimHub) date(t time.Time) string {
	if h.settings.DatesWithout {
		return t.Format("2006-01-02T15:04:05")
	}
	return t.Format("2006-01-02T15:04:05Z")
}

// obfuscate hides who somebody inactive is. The object is a shallow copy.
func (h *scimHub) obfuscate(object scimObject) {
	if name, isText := object["userName"].(string); isText {
		object["userName"] = scimScrambled(name)
	}
	emails, _ := scimClone(object["emails"]).([]any)
	for _, entry := range emails {
		if e, isObject := entry.(scimObject); isObject {
			e["value"] = scimScrambledEmail(e["value"])
		}
	}
	if emails != nil {
		object["emails"] = emails
	}
}

func scimScrambledEmail(v any) string { return scimScrambled(fmt.Sprint(v)) + "@obfuscated.example" }

// shaped is a view as this app shows it.
func (h *scimHub) shaped(object scimObject) scimObject {
	s := h.settings
	if s.NoSchemas {
		delete(object, "schemas")
	}
	if s.NoMeta {
		delete(object, "meta")
	}
	for _, name := range []string{"roles", "entitlements"} {
		if list, ok := object[name].([]any); ok && s.RoleShape != "objects" {
			object[name] = scimRoleShape(list, s.RoleShape)
		}
	}
	return object
}

// scimRoleShape shows roles as apps are known to.
func scimRoleShape(list []any, shape string) any {
	shaped := make([]any, len(list))
	for i, entry := range list {
		role, _ := entry.(scimObject)
		copied := maps.Clone(role)
		switch shaped[i] = copied; shape {
		case "strings":
			shaped[i] = role["value"]
		case "json_text":
			text, err := json.Marshal(scimObject{"id": role["value"], "value": role["value"], "displayName": role["value"]})
			if err != nil { // text encodes
				panic(err)
			}
			copied["value"] = string(text)
		case "text_primary":
			if primary, isBool := role["primary"].(bool); isBool {
				copied["primary"] = map[bool]string{true: "True", false: "False"}[primary]
			}
		}
	}
	if shape == "single" && len(shaped) == 1 {
		return shaped[0]
	}
	return shaped
}

// project leaves in a view what attributes or excludedAttributes ask for. id and
// schemas always stay.
// API: RFC 7644, section 3.9.
func (sc *scimCall) project(object scimObject) scimObject {
	named := func(parameter string) []string {
		var names []string
		for name := range strings.SplitSeq(sc.query.Get(parameter), ",") {
			if name = strings.ToLower(strings.TrimSpace(name)); name == "" {
				continue
			}
			name = strings.TrimPrefix(name, strings.ToLower(sc.kind.urn)+":")
			if !scimIsURN(name) {
				name, _, _ = strings.Cut(name, ".")
			}
			names = append(names, name)
		}
		return names
	}
	only, without := named("attributes"), named("excludedAttributes")
	for name := range object {
		folded := strings.ToLower(name)
		if folded == "id" || folded == "schemas" {
			continue
		}
		if only != nil && !slices.Contains(only, folded) || slices.Contains(without, folded) {
			delete(object, name)
		}
	}
	return object
}

// show is a resource as the call wants it.
func (sc *scimCall) show(r *scimResource, st *scimState) scimObject {
	wanted := !strings.Contains(strings.ToLower(sc.query.Get("excludedAttributes")), "members")
	return sc.project(sc.hub.shaped(sc.hub.view(r, st, sc.root, sc.now, wanted)))
}

// answer is a success about one resource.
func (sc *scimCall) answer(status int, r *scimResource, st *scimState) *scimAnswer {
	a := &scimAnswer{status: status, header: map[string]string{}, body: sc.show(r, st)}
	if !sc.hub.settings.NoEtag {
		a.header["ETag"] = st.etag()
	}
	return a
}
