package app

// Lived is closed when what a visitor can watch has happened.
func (a *App) Lived() <-chan struct{} { return a.lived }

// Grown is closed when the sample world is there, or cannot be.
func (a *App) Grown() <-chan struct{} { return a.grown }
