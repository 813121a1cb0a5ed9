// Package hashing says where a key falls and who owns it.
package hashing

import (
	"crypto/sha256"
	"encoding/binary"
)

// --- key hash

// KeyHash returns the first 8 bytes of the SHA-256 of key, big-endian, as an
// unsigned number. A Go string holds UTF-8 already: KeyHash([]byte("user:42")).
func KeyHash(key []byte) uint64 {
	sum := sha256.Sum256(key)
	return binary.BigEndian.Uint64(sum[:8])
}

// --- end
