// Command keyhash reads keys as hexadecimal bytes, one a line, and prints the
// hash of each. The shared vectors run through here.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"distsys/hashing"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		key, err := hex.DecodeString(strings.TrimSpace(lines.Text()))
		if err != nil {
			fmt.Fprintln(os.Stderr, "not hexadecimal:", lines.Text())
			os.Exit(2)
		}
		fmt.Printf("%016x\n", hashing.KeyHash(key))
	}
}
