package certification

// AtStep lets a test act at the named steps of an issuer.
func (i *Issuer) AtStep(f func(name string)) { i.step = f }
