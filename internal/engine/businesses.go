package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Businesses lists the businesses that the credentials of one platform can see,
// sorted by id: from the platform, or where each hub is configured by itself
// from the configuration, without a request. ok is false for a platform that
// cannot be asked and has nothing configured; missing then says why.
func (e *Engine) Businesses(ctx context.Context, platform string) (list []hub.Business, ok bool, missing, err error) {
	p, err := e.Platform(platform)
	switch {
	case err != nil:
		return nil, false, nil, err
	case len(p.Named) > 0:
		for _, name := range slices.Sorted(maps.Keys(p.Named)) {
			list = append(list, hub.Business{ID: name, Name: name})
		}
		return list, true, nil, nil
	case p.Unknown || p.Connector == nil:
		return nil, false, p.Missing, nil
	}
	lister, can := p.Connector.(hub.BusinessLister)
	if !can {
		return nil, false, fmt.Errorf("%s does not tell which businesses a credential can see", p.Title), nil
	}
	found, err := lister.Businesses(ctx)
	if err != nil {
		h := &Hub{engine: e, ref: hub.Ref{Platform: platform}, link: p.Connection, platform: p.Platform, log: e.opts.Logger}
		return nil, false, nil, h.readError(ctx, err)
	}
	slices.SortFunc(found, func(a, b hub.Business) int { // ids that are numbers by number: 9 before 10
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(found, func(a, b hub.Business) bool { return a.ID == b.ID }), true, nil, nil
}
