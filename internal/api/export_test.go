package api

// ParseOrder is for its fuzz target.
var ParseOrder = parseOrder
