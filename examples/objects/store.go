package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A store is a bucket of an S3 server.
type store struct {
	client   *minio.Core
	bucket   string
	partSize uint64        // what is held in memory for each upload
	places   chan struct{} // has a value for each upload, from its first bytes on
}

// open returns the store of a bucket, which is made if there is none.
func open(ctx context.Context, server, bucket string, partSize uint64, uploads int, opts *minio.Options) (*store, error) {
	if uploads <= 0 {
		return nil, errors.New("no upload is to be let in")
	}
	if partSize < 5<<20 || partSize > 5<<30 {
		return nil, fmt.Errorf("a part has 5 MiB to 5 GiB, and not %d bytes", partSize)
	}
	at, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	opts.Secure = at.Scheme == "https"
	client, err := minio.NewCore(at.Host, opts)
	if err != nil {
		return nil, err
	}
	there, err := client.BucketExists(ctx, bucket)
	if err == nil && !there {
		err = client.MakeBucket(ctx, bucket, minio.MakeBucketOptions{})
	}
	if err != nil {
		return nil, err
	}
	s := &store{client, bucket, partSize, make(chan struct{}, uploads)}
	return s, s.sweep(ctx, time.Now().Add(-24*time.Hour))
}

// maxParts is how many parts an object may have.
const maxParts = 10_000

// max returns how many bytes an object may have.
func (s *store) max() int64 { return maxParts * int64(s.partSize) }

var errDigest = errors.New("the SHA-256 sum is another one")

// put tells how many bytes an object may have, stores a message as one, and tells that it is stored. The SHA-256 sum of the
// message is known beforehand: the object is there once all has come and has that sum, and it has the sum with it.
func (s *store) put(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
	ctx, query := r.Context(), r.URL.Query()
	name := query.Get("name")
	sum, err := hex.DecodeString(query.Get("sha256"))
	if err != nil || len(sum) != sha256.Size || !fs.ValidPath(name) || name == "." {
		return conn.Shutdown(ctx, closecode.PolicyViolation, "a name and a SHA-256 sum are wanted")
	}
	if err := conn.WriteText(ctx, strconv.FormatInt(s.max(), 10)); err != nil {
		return err
	}
	msg, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
	if msg.Opcode() != opcode.Binary {
		return conn.Shutdown(ctx, closecode.UnsupportedData, "an object is a binary message")
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	default:
		return conn.Shutdown(ctx, closecode.TryAgainLater, "too many uploads at a time")
	}
	// The upload ends with the message, one way or the other, and not with ctx, so that what is left of it can be removed.
	info, err := s.client.Client.PutObject(context.WithoutCancel(ctx), s.bucket, name, &checked{msg, sha256.New(), sum}, -1,
		minio.PutObjectOptions{PartSize: s.partSize, UserMetadata: map[string]string{"Sha256": hex.EncodeToString(sum)}})
	if errors.Is(err, errDigest) {
		return conn.Shutdown(ctx, closecode.PolicyViolation, errDigest.Error())
	}
	if err != nil {
		return err
	}
	return conn.WriteText(ctx, fmt.Sprintf("%d bytes are stored", info.Size))
}

// A checked reader ends with errDigest in the place of io.EOF unless what was read has the sum.
type checked struct {
	io.Reader
	hash hash.Hash
	sum  []byte
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.hash.Write(p[:n])
	if err == io.EOF && !bytes.Equal(c.hash.Sum(nil), c.sum) {
		err = errDigest
	}
	return n, err
}

// A description of an object comes before its bytes.
type description struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // of the whole
}

// get sends the description of an object, and then its bytes, but for the first ones that the client has.
func (s *store) get(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
	ctx, query := r.Context(), r.URL.Query()
	name := query.Get("name")
	info, err := s.client.StatObject(ctx, s.bucket, name, minio.StatObjectOptions{})
	if code := minio.ToErrorResponse(err).Code; !fs.ValidPath(name) || code == minio.NoSuchKey {
		return conn.Shutdown(ctx, closecode.PolicyViolation, "there is no such object")
	}
	if err != nil {
		return err
	}
	from, err := strconv.ParseInt(query.Get("from"), 10, 64)
	if err != nil || from < 0 {
		return conn.Shutdown(ctx, closecode.PolicyViolation, "from is how many bytes are there already")
	}
	if err := conn.WriteJSON(ctx, description{info.Size, info.UserMetadata["Sha256"]}); err != nil {
		return err
	}
	if from > info.Size {
		return conn.Shutdown(ctx, closecode.PolicyViolation, fmt.Sprintf("the object has %d bytes", info.Size))
	}
	w, err := conn.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return err
	}
	defer w.Abort()
	if from < info.Size {
		var opts minio.GetObjectOptions
		opts.SetMatchETag(info.ETag) // and not an object that has replaced it
		if from > 0 {
			opts.SetRange(from, 0)
		}
		object, _, _, err := s.client.GetObject(ctx, s.bucket, name, opts)
		if err != nil {
			return err
		}
		defer object.Close()
		if _, err := io.Copy(w, object); err != nil {
			return err
		}
	}
	return w.Close()
}

// sweep removes what is left of uploads that were begun before then: of servers that were killed, as others leave nothing.
func (s *store) sweep(ctx context.Context, then time.Time) error {
	for upload := range s.client.Client.ListIncompleteUploads(ctx, s.bucket, "", true) {
		if upload.Err != nil {
			return upload.Err
		}
		if upload.Initiated.Before(then) {
			if err := s.client.AbortMultipartUpload(ctx, s.bucket, upload.Key, upload.UploadID); err != nil {
				return err
			}
		}
	}
	return nil
}
