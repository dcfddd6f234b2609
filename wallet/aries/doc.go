// Package aries is where certanchor meets aries-framework-go: a second opinion in tests.
package aries
