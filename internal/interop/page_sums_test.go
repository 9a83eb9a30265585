//go:build interop

package interop_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sumsScript compares the sums that the page makes, of messages that come in parts, with those of Node.
const sumsScript = `
import { createHash } from 'node:crypto';
import { SHA256 } from %q;
const message = Uint8Array.from({ length: 300 }, (_, i) => i * 131 >> 3);
const check = (sum, want) => { if (sum !== want) throw new Error(sum + ' instead of ' + want); };
for (let length = 0; length <= message.length; length++) {
  const want = createHash('sha256').update(message.subarray(0, length)).digest('hex');
  for (const part of [1, 7, 63, 64, 65, 128, 300]) {
    const sum = new SHA256();
    for (let at = 0; at < length; at += part) {
      sum.update(message.subarray(at, Math.min(at + part, length)));
      if (part > 60) check(sum.hex(), createHash('sha256').update(message.subarray(0, Math.min(at + part, length))).digest('hex'));
    }
    check(sum.hex(), want);
  }
}
check(new SHA256().hex(), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
const large = new SHA256(), other = createHash('sha256'), part = new Uint8Array(1 << 20).fill(97); // of more bits than 32 count
for (let i = 0; i < 520; i++) { large.update(part); other.update(part); }
check(large.hex(), other.digest('hex'));
`

func TestTheSumsOfThePageAreRight(t *testing.T) {
	path, err := filepath.Abs(filepath.Join("..", "..", "cmd", "wscp", "page", "sha256.js"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "--input-type=module", "-")
	cmd.Stdin = strings.NewReader(fmt.Sprintf(sumsScript, path))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
