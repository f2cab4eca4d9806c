package web

func (s *Sellers) mountShipping(_ *Pages) {}
func (s *Sellers) mountPayouts(_ *Pages)  {}
