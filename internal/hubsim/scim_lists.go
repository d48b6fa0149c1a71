package hubsim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// list serves GET on /Users and /Groups.
// API: RFC 7644, section 3.4.2. Parameters it does not know are ignored, as the
// RFC asks for; sorting is one of them.
func (s *scimSim) list(sc *scimCall) (*scimAnswer, *scimError) {
	if refused := sc.groupless(); refused != nil {
		return nil, refused
	}
	h := sc.hub
	f, refused := sc.filter()
	if refused != nil {
		return nil, refused
	}
	start, count, refused := sc.page()
	if refused != nil {
		return nil, refused
	}
	if f != nil && h.settings.FiltersIgnored {
		f = nil
	}
	var page []any
	total := 0
	for _, r := range h.candidates(sc.kind, f) {
		st, shown := r.states.at(sc.now)
		if !shown || st.gone || sc.kind == scimUsers && h.settings.HideInactive && !st.active() {
			continue
		}
		if f != nil && !f.matches(h.view(r, st, sc.root, sc.now, true)) {
			continue
		}
		if total++; total >= start && len(page) < count {
			page = append(page, sc.show(r, st))
		}
	}
	if f != nil && total == 0 && h.settings.EmptyFilter404 {
		return nil, scimErr(http.StatusNotFound, "", "No %s was found.", sc.kind.name)
	}
	return &scimAnswer{status: http.StatusOK, body: h.listResponse(page, start, count, total)}, nil
}

// listResponse is a page in the shape the app has for it.
func (h *scimHub) listResponse(page []any, start, count, total int) scimObject {
	s := h.settings
	if s.TotalIsPage {
		total = len(page)
	}
	number := func(n int) any {
		if s.NumbersAsText {
			return strconv.Itoa(n)
		}
		return n
	}
	object := scimObject{"schemas": []string{s.urn(scimListURN)}, "totalResults": number(total), "startIndex": number(start)}
	switch s.ItemsPerPage {
	case "actual":
		object["itemsPerPage"] = number(len(page))
	case "count":
		object["itemsPerPage"] = number(count)
	}
	if len(page) == 0 && s.AbsentResources {
		return object
	}
	if s.LowerCaseResources {
		object["resources"] = orEmpty(page)
	} else {
		object["Resources"] = orEmpty(page)
	}
	return object
}

// page reads startIndex, which counts items from 1, and count.
// API: RFC 7644, section 3.4.2.4.
func (sc *scimCall) page() (start, count int, refused *scimError) {
	settings := sc.hub.settings
	start, count = 1, min(settings.DefaultCount, settings.ServerCap)
	for name, target := range map[string]*int{"startIndex": &start, "count": &count} {
		if text := sc.query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return 0, 0, scimBad(scimInvalidValue, "%s %q is not an integer.", name, text)
			}
			*target = n
		}
	}
	if settings.IgnoresStartIndex {
		start = 1
	}
	return max(1, start), min(max(0, count), settings.ServerCap), nil
}

// filter reads the filter of a list, nil when there is none.
func (sc *scimCall) filter() (*scimFilter, *scimError) {
	text := sc.query.Get("filter")
	settings := sc.hub.settings
	switch {
	case text == "":
		return nil, nil
	case settings.NoFilter:
		return nil, scimBad(scimInvalidFilter, "Filters are not supported.")
	}
	f, err := sc.kind.parseFilter(text, nil)
	if err != nil {
		return nil, scimBad(scimInvalidFilter, "The filter is not valid: %v.", err)
	}
	var refused *scimError
	f.walk(func(node *scimFilter) {
		path := node.path.String()
		if operators := settings.FilterOperators; len(operators) > 0 && node.op != "[]" && !slices.Contains(operators, node.op) {
			refused = scimBad(scimInvalidFilter, "The operator %s is not supported.", node.op)
		}
		if attributes := settings.FilterAttributes; len(attributes) > 0 && path != "" && !slices.Contains(attributes, path) {
			refused = scimBad(scimInvalidFilter, "Filtering by %s is not supported.", path)
		}
	})
	return f, refused
}

// candidates are those a filter can match, in the order of the list: few when it
// says whom it is about, else everybody.
func (h *scimHub) candidates(kind *scimKind, f *scimFilter) []*scimResource {
	store := h.store(kind)
	if f == nil {
		return store.list
	}
	if f.op == "and" {
		if few := h.candidates(kind, f.left); len(few) < len(store.list) {
			return few
		}
		return h.candidates(kind, f.right)
	}
	// Scrambled names are not keys: who filters by one sees it compared with all.
	scrambles := h.settings.ObfuscatesInactive
	text, isText := f.value.(string)
	path := f.path.String()
	if f.op == "[]" && path == "emails" {
		text, isText = scimValueIn(f.left)
		path += ".value"
	} else if f.op != "eq" {
		isText = false
	}
	switch {
	case !isText:
		return store.list
	case path == "id":
		if r := store.byID[text]; r != nil {
			return []*scimResource{r}
		}
		return nil
	case path == "externalId":
		return store.byKey[scimExternalKey(text)]
	case path == "displayName" && kind == scimGroups:
		return store.byKey[scimDisplayKey(text)]
	case path == "userName" && !scrambles:
		return store.byKey[scimUserNameKey(text)]
	case path == "emails.value" && !scrambles:
		return store.byKey[scimEmailKey(text)]
	}
	return store.list
}

// scimValueIn is the one value that whatever passes a value filter has.
func scimValueIn(f *scimFilter) (text string, found bool) {
	certain := true
	f.walk(func(node *scimFilter) {
		if node.op == "eq" && node.path.name == "value" {
			text, found = node.value.(string)
		}
		certain = certain && node.op != "or" && node.op != "not"
	})
	return text, found && certain
}

// get serves GET on one resource.
func (s *scimSim) get(sc *scimCall) (*scimAnswer, *scimError) {
	if refused := sc.groupless(); refused != nil {
		return nil, refused
	}
	if r := sc.hub.store(sc.kind).byID[sc.id]; r != nil {
		if st, shown := r.states.at(sc.now); shown && !st.gone {
			if match := sc.request.Header.Get("If-None-Match"); match != "" && sc.matches(match, st) {
				return &scimAnswer{status: http.StatusNotModified, header: map[string]string{"ETag": st.etag()}}, nil
			}
			return sc.answer(http.StatusOK, r, st), nil
		}
	}
	return nil, sc.notFound()
}

func (sc *scimCall) notFound() *scimError {
	return scimErr(http.StatusNotFound, "", "Resource %s not found.", sc.id)
}

// groupless hides the groups of an app that has none.
func (sc *scimCall) groupless() *scimError {
	if sc.kind == scimGroups && sc.hub.settings.NoGroups {
		return scimErr(http.StatusNotFound, "", "There is no endpoint %s.", sc.path)
	}
	return nil
}

// matches compares the ETags of a header, byte for byte: a weak one has to come
// back as it was sent.
func (sc *scimCall) matches(header string, st *scimState) bool {
	if sc.hub.settings.NoEtag {
		return false
	}
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == st.etag() {
			return true
		}
	}
	return false
}
