package hubsim

import (
	"strings"
	"time"
)

// metaSelection is one name of a fields parameter, with what is in its braces.
type metaSelection struct {
	name string
	sub  []metaSelection
}

// metaKind describes a node type: its fields, with the type behind those that
// are nodes or edges themselves, and the fields given when none are asked for.
type metaKind struct {
	name     string
	fields   map[string]string // field -> kind of the node behind it, "" for a plain value
	defaults []string
}

// metaKinds are the node types by their Graph names.
// API: Meta, Marketing API reference: "Business", "Business User", "Business
// Role Request", "System User"; fields only the SDK specification names are here
// too. BusinessUser deliberately has no status and no created_time.
var metaKinds = map[string]metaKind{
	"User": {"User", map[string]string{
		"id": "", "name": "", "first_name": "", "last_name": "",
		"business_users": "BusinessUser", "businesses": "Business",
	}, []string{"id", "name"}},
	"SystemUser": {"SystemUser", map[string]string{
		"id": "", "name": "", "created_time": "", "created_by": "Actor", "finance_permission": "", "ip_permission": "",
	}, []string{"id", "name"}},
	"Actor": {"BusinessUser", map[string]string{"id": "", "name": ""}, []string{"id", "name"}},
	"Business": {"Business", map[string]string{
		"id": "", "name": "", "verification_status": "", "two_factor_type": "", "link": "", "created_time": "",
		"updated_time": "", "primary_page": "", "timezone_id": "", "vertical": "", "vertical_id": "",
		"created_by": "Actor", "updated_by": "Actor", "is_hidden": "", "profile_picture_uri": "", "user_access_expire_time": "",
	}, []string{"id", "name"}},
	"BusinessUser": {"BusinessUser", map[string]string{
		"id": "", "name": "", "first_name": "", "last_name": "", "title": "", "email": "", "pending_email": "",
		"role": "", "tasks": "", "finance_permission": "", "ip_permission": "", "two_fac_status": "",
		"marked_for_removal": "", "business": "Business", "business_role_request": "BusinessRoleRequest",
	}, []string{"id", "name", "business"}},
	"BusinessRoleRequest": {"BusinessRoleRequest", map[string]string{
		"id": "", "email": "", "role": "", "status": "", "finance_role": "", "ip_role": "", "tasks": "",
		"invited_user_type": "", "created_time": "", "updated_time": "", "expiration_time": "", "expiry_time": "",
		"created_by": "Actor", "updated_by": "Actor", "owner": "Business", "invite_link": "",
	}, []string{"id", "email", "role", "status"}},
}

// metaFields reads a fields parameter against a node type. An unknown name fails
// the whole call.
func (mc *metaCall) fields(kind string) ([]metaSelection, *metaError) {
	text := mc.params.Get("fields")
	if text == "" {
		return nil, nil
	}
	p := metaFieldParser{rest: text}
	selection, ok := p.list()
	if !ok || p.rest != "" {
		return nil, metaErr(2500, "Syntax error in fields near %q", p.rest)
	}
	return selection, mc.checkFields(kind, selection)
}

func (mc *metaCall) checkFields(kind string, selection []metaSelection) *metaError {
	k := metaKinds[kind]
	for _, s := range selection {
		behind, known := k.fields[s.name]
		if s.name == "tasks" && mc.hub != nil && !mc.hub.settings.TasksField {
			known = false
		}
		if !known {
			return metaErr(100, "Tried accessing nonexisting field (%s) on node type (%s)", s.name, k.name)
		}
		if len(s.sub) == 0 {
			continue
		}
		if behind == "" {
			return metaErr(100, "Subfields are not supported by %s on node type (%s)", s.name, k.name)
		}
		if refused := mc.checkFields(behind, s.sub); refused != nil {
			return refused
		}
	}
	return nil
}

// metaFieldParser reads "a,b{c,d{e}}".
type metaFieldParser struct{ rest string }

func (p *metaFieldParser) list() ([]metaSelection, bool) {
	var list []metaSelection
	for {
		end := strings.IndexAny(p.rest, ",{}")
		if end < 0 {
			end = len(p.rest)
		}
		s := metaSelection{name: strings.TrimSpace(p.rest[:end])}
		if s.name == "" {
			return nil, false
		}
		if p.rest = p.rest[end:]; strings.HasPrefix(p.rest, "{") {
			p.rest = p.rest[1:]
			sub, ok := p.list()
			if !ok || !strings.HasPrefix(p.rest, "}") {
				return nil, false
			}
			s.sub, p.rest = sub, p.rest[1:]
		}
		list = append(list, s)
		if !strings.HasPrefix(p.rest, ",") {
			return list, true
		}
		p.rest = p.rest[1:]
	}
}

// metaObject is a node as JSON: an unset field is absent, not null.
type metaObject map[string]any

// metaValue gives the value of a field, with what was asked inside it; nil means
// unset.
type metaValue func(field string, sub []metaSelection) any

// metaRender builds the object for the selected fields, or the defaults. The id
// is always given.
func metaRender(kind string, selection []metaSelection, value metaValue) metaObject {
	if selection == nil {
		for _, name := range metaKinds[kind].defaults {
			selection = append(selection, metaSelection{name: name})
		}
	}
	object := metaObject{"id": value("id", nil)}
	for _, s := range selection {
		if v := value(s.name, s.sub); v != nil {
			object[s.name] = v
		}
	}
	return object
}

// metaTime is Graph's way to write a time.
func metaTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05-0700")
}

func metaText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (h *metaHub) object(selection []metaSelection) metaObject {
	return metaRender("Business", selection, func(field string, _ []metaSelection) any {
		switch field {
		case "id":
			return h.id
		case "name":
			return h.name
		case "verification_status":
			return h.settings.VerificationStatus
		case "two_factor_type":
			return h.settings.TwoFactorType
		case "link":
			return "https://www.facebook.com/" + h.id
		case "created_time", "updated_time":
			return metaTime(h.createdAt)
		case "is_hidden":
			return false
		default:
			return nil
		}
	})
}

func (u *metaUser) object(selection []metaSelection) metaObject {
	return metaRender("BusinessUser", selection, func(field string, sub []metaSelection) any {
		switch field {
		case "id":
			return u.id
		case "business":
			return u.hub.object(sub)
		case "business_role_request":
			if u.from == nil {
				return nil
			}
			return u.from.object(sub, time.Time{})
		case "name":
			return metaText(u.name)
		case "first_name":
			return metaText(u.firstName)
		case "last_name":
			return metaText(u.lastName)
		case "title":
			return metaText(u.title)
		case "email":
			return metaText(u.email)
		case "pending_email":
			return metaText(u.pendingEmail)
		case "role":
			return u.hub.spelled(u.role)
		case "tasks":
			return u.grant().tasks()
		case "finance_permission":
			return metaText(u.grant().finance())
		case "ip_permission":
			return metaText(u.grant().rights())
		default:
			return nil
		}
	})
}

func (r *metaRequest) object(selection []metaSelection, now time.Time) metaObject {
	return metaRender("BusinessRoleRequest", selection, func(field string, sub []metaSelection) any {
		switch field {
		case "id":
			return r.id
		case "email":
			return r.email
		case "role":
			return r.hub.spelled(r.role)
		case "status":
			return r.status(now)
		case "finance_role":
			return metaText(r.grant().finance())
		case "ip_role":
			return metaText(r.grant().rights())
		case "tasks":
			return r.grant().tasks()
		case "invited_user_type":
			return r.userTypes
		case "created_time":
			return metaTime(r.createdAt)
		case "updated_time":
			return metaTime(r.updatedAt)
		case "expiration_time", "expiry_time":
			return metaTime(r.expiresAt)
		case "created_by":
			return r.createdBy.object(sub)
		case "updated_by":
			return r.updatedBy.object(sub)
		case "owner":
			return r.hub.object(sub)
		case "invite_link": // a secret: whoever holds it can accept
			return r.link
		default:
			return nil
		}
	})
}

func (a metaActor) object(selection []metaSelection) any {
	if a.id == "" {
		return nil
	}
	return metaRender("Actor", selection, func(field string, _ []metaSelection) any {
		return map[string]any{"id": a.id, "name": a.name}[field]
	})
}
