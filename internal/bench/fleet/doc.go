// Package fleet measures a fleet as it lives: many devices of several models that report once a minute, and the apps of their
// homes attached, each hearing its own devices.
//
// It owns the schedule of the devices and the proof that no report was lost: every one that was sent must be acknowledged, be in
// the store with its value, and have come to the app of its home, once and in its order.
//
// One run: serve → make products, homes, devices → connect all → report → wait for the last → compare with apps and store.
package fleet
