//go:build race

package oauth_test

const raced = true
