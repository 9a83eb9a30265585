// Package handshake holds what both ends of the opening handshake need (RFC 6455, section 4): the two keys, the grammar
// of the header fields, and the checks of what a user wants to have sent.
package handshake
