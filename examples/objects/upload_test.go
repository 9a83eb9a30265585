package main

import (
	"bytes"
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/versity/versitygw/backend/meta"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestWhatIsNoUploadIsRefused(t *testing.T) {
	s, dir, server, _ := serveObjects(t)
	sum := sumOf(nil)
	for _, query := range []url.Values{
		{}, {"name": {"x"}}, {"sha256": {sum}}, {"name": {"x"}, "sha256": {sum[2:]}}, {"name": {"x"}, "sha256": {"x" + sum[1:]}},
		{"name": {"../x"}, "sha256": {sum}}, {"name": {"/x"}, "sha256": {sum}}, {"name": {"."}, "sha256": {sum}}, {"name": {"a//b"}, "sha256": {sum}},
	} {
		wantClose(t, connect(t, server, "/put", query), closecode.PolicyViolation, "a name and a SHA-256 sum are wanted")
	}
	text := begin(t, server, "text", sumOf([]byte("text")))
	if err := text.WriteText(testContext(t), "text"); err != nil {
		t.Fatal(err)
	}
	wantClose(t, text, closecode.UnsupportedData, "an object is a binary message")
	wantNothing(t, s, dir)
}

func TestAnUploadThatHasAnotherSumLeavesNothing(t *testing.T) {
	s, dir, server, _ := serveObjects(t)
	for _, size := range []int{0, 10, partSize, 2*partSize + 1} {
		conn := begin(t, server, "object", sumOf([]byte("other")))
		if err := conn.WriteBinary(testContext(t), random(size)); err != nil {
			t.Fatal(err)
		}
		wantClose(t, conn, closecode.PolicyViolation, errDigest.Error())
		wantNothing(t, s, dir)
	}
}

// half begins an upload, and sends so much that a part of it is stored, but not its end.
func half(t *testing.T, s *testStore, server, name string) (*client, *stream.Writer) {
	t.Helper()
	content := random(2 * partSize)
	conn := begin(t, server, name, sumOf(content[:partSize+1]))
	w, err := conn.NewWriter(testContext(t), opcode.Binary)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content[:partSize+1]); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	await(t, "no part is stored", func() bool {
		_, uploads := contents(t, s)
		return len(uploads) > 0
	})
	return conn, w
}

func TestAnUploadThatIsCutLeavesNothing(t *testing.T) {
	s, dir, server, stop := serveObjects(t)
	for name, cut := range map[string]func(*client, *stream.Writer){
		"abort": func(_ *client, w *stream.Writer) { w.Abort() },
		"close": func(conn *client, _ *stream.Writer) { conn.Close() },
		"gone":  func(conn *client, _ *stream.Writer) { conn.Abort() },
	} {
		cut(half(t, s, server, name))
		wantNothing(t, s, dir)
	}
	conn, _ := half(t, s, server, "end of the server")
	told := make(chan error, 1)
	go func() {
		_, err := conn.Receive(context.Background())
		told <- err
	}()
	stop()
	if err := <-told; stream.CloseCode(err) != closecode.GoingAway {
		t.Errorf("the end is %v", err)
	}
	wantNothing(t, s, dir)
}

func TestNothingIsLeftOfWhatAnObjectWasMadeOf(t *testing.T) {
	_, dir, server, _ := serveObjects(t)
	if err := (meta.XattrMeta{}).Test(dir); err != nil {
		t.Skip("the S3 server keeps files beside the objects: ", err)
	}
	content := random(2*partSize + 1)
	put(t, server, "object", content)
	half := begin(t, server, "another", sumOf(nil))
	if err := half.WriteBinary(testContext(t), content); err != nil {
		t.Fatal(err)
	}
	wantClose(t, half, closecode.PolicyViolation, errDigest.Error())
	await(t, "something is left", func() bool { return sizeOf(t, dir) == int64(len(content)) })
}

func TestWhatAServerThatWasKilledHasLeftIsRemoved(t *testing.T) {
	s, dir, _, _ := serveObjects(t)
	ctx := testContext(t)
	id, err := s.client.NewMultipartUpload(ctx, s.bucket, "left", minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.PutObjectPart(ctx, s.bucket, "left", id, 1, bytes.NewReader(random(100)), 100, minio.PutObjectPartOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := s.sweep(ctx, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, uploads := contents(t, s); len(uploads) != 1 {
		t.Errorf("%v are left of an upload that may be under way", uploads)
	}
	if err := s.sweep(ctx, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantNothing(t, s, dir)
}

// Each holds a part in memory, and so do none that send nothing.
func TestUploadsAreBounded(t *testing.T) {
	s, dir, server, _ := serveObjects(t)
	sum := sumOf(nil)
	var under []*client
	for range uploads {
		begin(t, server, "silent", sum)
	}
	for range uploads {
		conn, _ := half(t, s, server, "object")
		under = append(under, conn)
	}
	await(t, "not all are under way", func() bool {
		_, uploading := contents(t, s)
		return len(uploading) == uploads
	})
	more := begin(t, server, "more", sum)
	if err := more.WriteBinary(testContext(t), nil); err != nil {
		t.Fatal(err)
	}
	wantClose(t, more, closecode.TryAgainLater, "too many uploads at a time")
	for _, conn := range under {
		conn.Abort()
	}
	wantNothing(t, s, dir)
	await(t, "none is let in", func() bool {
		conn := begin(t, server, "more", sum)
		defer conn.Abort()
		if err := conn.WriteBinary(testContext(t), nil); err != nil {
			t.Fatal(err)
		}
		_, err := conn.Receive(testContext(t))
		return err == nil
	})
}
