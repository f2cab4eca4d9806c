// Package discovery tells Home Assistant how to show a device: it makes the
// device-based MQTT discovery payload from the device's spec.
//
// It is a pure function of spec and device, and refuses to promise what the topics of
// protocol §6 cannot keep: an entity whose state is nowhere reported, or that could
// be set to what the spec refuses, is left out or shown as less.
//
// The rules, in their order; a property is shown once:
//
//	service fan, air-purifier        with a writable on: fan; its level, mode and swing belong to it
//	service light, ambient-light     with a writable on: light; brightness, colour, colour temperature, mode
//	service heater, thermostat       with a writable on and target temperature, and no mode to hide: climate
//	action without arguments         button
//	event                            event
//	property written     bool        switch
//	                     value-list  select
//	                     number      number, where the range and step are such that HA can keep them
//	                     string      text
//	property reported    bool        binary_sensor
//	                     value-list  sensor of class enum
//	                     else        sensor; unit, class and state class from the spec's unit and name
//	property neither written nor reported: nothing
//
// Everything that a spec's author wrote reaches a template only as an escaped literal:
// a description is data, and must not become code in somebody's home.
//
// Format: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery, device discovery.
package discovery
