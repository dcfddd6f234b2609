//go:build !race

package licensure_test

// raceEnabled excuses measurements under the race detector.
const raceEnabled = false
