package app

// Grown is closed when the sample world is whole, or cannot be.
func (a *App) Grown() <-chan struct{} { return a.grown }
