package hubsim

import "time"

// timeline is a value whose changes show only after a lag: what the platform
// knows, and what its lists and look-ups say of it meanwhile.
type timeline[T any] struct{ points []point[T] }

type point[T any] struct {
	from  time.Time
	value T
}

// set changes the value at once; readers see it from then on.
func (t *timeline[T]) set(value T, from, now time.Time) {
	for len(t.points) > 1 && !now.Before(t.points[1].from) {
		t.points = t.points[1:] // nobody can see it any more
	}
	t.points = append(t.points, point[T]{from, value})
}

// truth is the latest value, shown or not.
func (t *timeline[T]) truth() T { return t.points[len(t.points)-1].value }

// at is what a reader sees at a time; false before the first value shows.
func (t *timeline[T]) at(now time.Time) (T, bool) {
	for i := len(t.points) - 1; i >= 0; i-- {
		if !now.Before(t.points[i].from) {
			return t.points[i].value, true
		}
	}
	var none T
	return none, false
}
