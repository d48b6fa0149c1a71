package hubsim

import (
	"slices"
	"strings"
)

// getMe answers who the token speaks for. Only a person has business_users: it
// is how a user token learns its own seats, and an unknown field for a system
// user.
func (m *metaSim) getMe(mc *metaCall) (any, *metaError) {
	cred := mc.cred
	if cred.Kind == metaSystemUser {
		fields, refused := mc.fields("SystemUser")
		if refused != nil {
			return nil, refused
		}
		return cred.systemUser(fields), nil
	}
	fields, refused := mc.fields("User")
	if refused != nil {
		return nil, refused
	}
	name := cred.Name
	var seats []*metaUser
	for _, h := range m.related(cred) {
		u := h.userByEmail[foldEmail(cred.Email)]
		seats, name = append(seats, u), u.name
	}
	return metaRender("User", fields, func(field string, sub []metaSelection) any {
		switch field {
		case "id":
			return cred.id
		case "name":
			return name
		case "first_name":
			first, _, _ := strings.Cut(name, " ")
			return metaText(first)
		case "last_name":
			_, last, _ := strings.Cut(name, " ")
			return metaText(last)
		case "business_users":
			list := metaEnvelope{Data: []metaObject{}}
			for _, u := range seats {
				list.Data = append(list.Data, u.object(sub))
			}
			return list
		case "businesses":
			list := metaEnvelope{Data: []metaObject{}}
			for _, u := range seats {
				list.Data = append(list.Data, u.hub.object(sub))
			}
			return list
		default:
			return nil
		}
	}), nil
}

func (m *metaSim) getPermissions(mc *metaCall) (any, *metaError) {
	list := metaEnvelope{Data: []metaObject{}}
	for _, scope := range mc.cred.Scopes {
		status := "granted"
		if !m.granted(mc.cred, scope) {
			status = "declined"
		}
		list.Data = append(list.Data, metaObject{"permission": scope, "status": status})
	}
	return list, nil
}

// debugToken inspects one token with the app token of the app it came from.
// API: Meta, "Debug Token", GET /debug_token
func (m *metaSim) debugToken(mc *metaCall) (any, *metaError) {
	all := m.credentials.all()
	app := slices.IndexFunc(all, func(c *metaCredential) bool {
		return c.AppSecret != "" && c.appToken() == mc.token
	})
	if app < 0 {
		return nil, metaErr(190, "Invalid OAuth access token: an app token is needed").sub(467)
	}
	cred := m.credentials.find(mc.params.Get("input_token"))
	if cred == nil || cred.AppID != all[app].AppID {
		return metaObject{"data": metaObject{"is_valid": false, "scopes": []string{}}}, nil
	}
	valid := m.tokenTrouble(cred, mc.now) == nil
	expires := int64(0)
	if !cred.expiresAt.IsZero() {
		expires = cred.expiresAt.Unix()
	}
	kind := map[string]string{metaSystemUser: "SYSTEM_USER", metaPerson: "USER"}[cred.Kind]
	return metaObject{"data": metaObject{
		"app_id": cred.AppID, "type": kind, "application": "roster", "expires_at": expires,
		"is_valid": valid, "scopes": cred.Scopes, "user_id": cred.id,
	}}, nil
}
