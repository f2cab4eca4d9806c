package registry

// Remembered is the number of reports by which repeats of did are told.
func Remembered(r *Registry, did string) int {
	if m := r.ingest.memories[did]; m != nil {
		return len(m.seen)
	}
	return 0
}
