// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the kernel knows of the sockets of a network namespace, also of those that no process
 * holds: one record for each that an iterator passes.
 */

enum kind { OTHER, LISTENER, STREAM, UNCOUNTED_STREAM };

/* Read by src/trace/sockets.rs. */
struct found {
	__u64 inode;     /* 0: it has none any more, or not yet */
	__u32 kind;
	__u32 waiting;   /* at a listener connections, in a stream bytes */
	__u32 backlog;
	__u32 drops;
	__u32 interface; /* that it is bound to; 0: none */
	__u32 unused;
};

/* include/net/tcp_states.h, include/linux/net.h */
enum { TCP_ESTABLISHED = 1, TCP_LISTEN = 10, SOCK_STREAM = 1 };

static __always_inline int tell(const __u64 *ctx, const struct found *found)
{
	struct bpf_iter_meta *meta = (struct bpf_iter_meta *)ctx[0];

	/* What finds no room is asked for again: the kernel sees that the buffer is full. */
	bpf_seq_write(meta->seq, found, sizeof(*found));
	return 0;
}

static __always_inline __u64 inode_of(const struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	return socket ? BPF_CORE_READ((struct socket_alloc *)socket, vfs_inode.i_ino) : 0;
}

/* Listeners come first, connections behind them. One of those is told of as well, so that the
 * reader can stop there and the kernel does not walk all of them. */
SEC("iter/tcp") int tcp_sockets(__u64 *ctx)
{
	struct sock_common *common = (struct sock_common *)ctx[1];
	struct sock *sk = (struct sock *)common;
	struct found found = {};

	if (!common)
		return 0;
	if (BPF_CORE_READ(common, skc_state) == TCP_LISTEN) {
		found.inode = inode_of(sk);
		found.kind = LISTENER;
		found.waiting = BPF_CORE_READ(sk, sk_ack_backlog);
		found.backlog = BPF_CORE_READ(sk, sk_max_ack_backlog);
		found.drops = BPF_CORE_READ(sk, sk_drops.counter);
		found.interface = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	}
	return tell(ctx, &found);
}

/* More buffers than the default net.core.wmem_max lets into a queue. */
#define MOST_BUFFERS 1024

/* unix_inq_len (net/unix/af_unix.c), without its lock: a queue that changes meanwhile may lead
 * astray, and then it does not end where it began. */
static __always_inline __u32 unread(const struct unix_sock *unix_sk, __u32 *bytes)
{
	const struct sk_buff_head *queue = &unix_sk->sk.sk_receive_queue;
	struct sk_buff *buffer;
	int i;

	if (bpf_core_field_exists(unix_sk->inq_len)) {
		*bytes = BPF_CORE_READ(unix_sk, inq_len);
		return STREAM;
	}
	buffer = BPF_CORE_READ(queue, next);
	for (i = 0; i < MOST_BUFFERS; i++) {
		if (buffer == (struct sk_buff *)queue)
			return STREAM;
		*bytes += BPF_CORE_READ(buffer, len) -
			  BPF_CORE_READ((struct unix_skb_parms *)&buffer->cb, consumed);
		buffer = BPF_CORE_READ(buffer, next);
	}
	return UNCOUNTED_STREAM;
}

/* A listener's queue holds the sockets that wait: as in sk_diag_show_rqlen (net/unix/diag.c). */
SEC("iter/unix") int unix_sockets(__u64 *ctx)
{
	struct unix_sock *unix_sk = (struct unix_sock *)ctx[1];
	struct sock *sk = (struct sock *)unix_sk;
	struct found found = {};
	__u8 state;

	if (!unix_sk)
		return 0;
	state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (state == TCP_LISTEN) {
		found.kind = LISTENER;
		found.waiting = BPF_CORE_READ(sk, sk_receive_queue.qlen);
		found.backlog = BPF_CORE_READ(sk, sk_max_ack_backlog);
	} else if (state == TCP_ESTABLISHED && BPF_CORE_READ(sk, sk_type) == SOCK_STREAM) {
		found.kind = unread(unix_sk, &found.waiting);
	} else {
		return 0;
	}
	found.inode = inode_of(sk);
	return tell(ctx, &found);
}
