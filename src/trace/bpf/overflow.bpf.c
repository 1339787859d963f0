// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One event for each connection request that the kernel drops at a listener.
 *
 * A request is dropped in one of two functions: tcp_conn_request at the SYN, and
 * tcp_v4_syn_recv_sock or tcp_v6_syn_recv_sock at the final ACK. What they return does not say
 * whether or why. The counters do: tcp_listendrop adds one to ListenDrops, a full accept queue
 * one to ListenOverflows, a full SYN queue one to TCPReqQFullDrop or TCPReqQFullDoCookies. Each
 * CPU has counters of its own, and all of this runs with softirqs off. So what the counters of
 * this CPU grew by between entry and return is what this one request has added.
 */
enum stage { SYN, FINAL_ACK_V4, FINAL_ACK_V6, STAGES };
enum counter { DROPS, OVERFLOWS, QUEUE_FULL_DROPS, QUEUE_FULL_COOKIES, COUNTERS };

/* Filled in by the loader. */
volatile const __u32 counter_index[COUNTERS]; /* LINUX_MIB_*: they differ from kernel to kernel */
volatile const __u32 argument_offset[4];      /* of a function's arguments in struct pt_regs */
volatile const __u16 only_port;               /* 0: any */
volatile const bool only_some_netns;          /* those in `netns` */
volatile const bool all_syns;                 /* also those that are not dropped */
volatile const bool with_stack;

/* Read by src/trace/event.rs. */
struct event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 inode;   /* of the listener; 0: it has none any more */
	__u32 netns;
	__s32 stack;
	__u32 request_queue;
	__u32 accept_queue;
	__u32 backlog;
	__u32 max_syn_backlog;
	__u8 grew[COUNTERS];
	__u8 stage;
	__u8 syncookies;
	__u8 version;          /* of IP: 4 or 6 */
	__u8 listener_version;
	__u16 port;            /* of the listener, host order */
	__be16 client_port;
	__u8 client[16];
	__u8 local[16];        /* what the client sent to */
	__u8 listener[16];     /* what the listener is bound to */
};

/* What is kept from the entry of a function to its return. */
struct visit {
	__u64 self; /* its own address */
	__u64 map;  /* that of `visits` */
	__u64 sk;   /* 0: this one is not wanted */
	__u64 skb;
	__u64 counters; /* this CPU's */
	__u64 before[COUNTERS];
	__u32 request_queue;
	__u32 accept_queue;
	__u32 backlog;
	__u32 netns;
	__s32 stack; /* negative: not taken yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STAGES);
	__type(key, __u32);
	__type(value, struct visit);
} visits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u8);
} netns SEC(".maps");

/* Events that found no room, by whether they were drops. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} events SEC(".maps");

#define FRAMES 32
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1024);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, FRAMES * sizeof(__u64));
} stacks SEC(".maps");

static __always_inline __u64 read_counter(const struct visit *visit, enum counter counter)
{
	unsigned long value = 0;

	READ(value, visit->counters + counter_index[counter] * sizeof(value));
	return value;
}

/*
 * The counters of this CPU. `mib.net_statistics` is a pointer to memory that each CPU has at
 * another distance from it. That distance is the one between an element of a per-CPU array on
 * this CPU and the array's own pointer to it. An address that was written to memory and read
 * back is a plain number, with which the verifier lets us reckon.
 */
static __always_inline __u64 counters_of_this_cpu(struct visit *visit, __u32 stage, struct net *net)
{
	struct bpf_array *array;
	__u64 element = 0, self, per_cpu;

	*(volatile __u64 *)&visit->self = (__u64)visit;
	*(volatile __u64 *)&visit->map = (__u64)&visits;
	self = *(volatile __u64 *)&visit->self;
	array = (struct bpf_array *)*(volatile __u64 *)&visit->map;
	per_cpu = (__u64)__builtin_preserve_access_index(&array->pptrs) + stage * sizeof(__u64);
	READ(element, per_cpu);
	return (__u64)BPF_CORE_READ(net, mib.net_statistics) + self - element;
}

static __always_inline bool is_wanted(struct sock *sk, __u32 inum)
{
	if (only_port && BPF_CORE_READ(sk, __sk_common.skc_num) != only_port)
		return false;
	return !only_some_netns || bpf_map_lookup_elem(&netns, &inum);
}

static __noinline int enter(__u32 stage, __u64 sk_address, __u64 skb)
{
	struct visit *visit = bpf_map_lookup_elem(&visits, &stage);
	struct sock *sk = (struct sock *)sk_address;
	struct net *net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	__u32 inum = BPF_CORE_READ(net, ns.inum);
	int i;

	if (!visit)
		return 0;
	visit->sk = 0;
	if (!is_wanted(sk, inum))
		return 0;
	visit->counters = counters_of_this_cpu(visit, stage, net);
	for (i = 0; i < COUNTERS; i++)
		visit->before[i] = read_counter(visit, i);
	visit->request_queue =
		BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_accept_queue.qlen.counter);
	visit->accept_queue = BPF_CORE_READ(sk, sk_ack_backlog);
	visit->backlog = BPF_CORE_READ(sk, sk_max_ack_backlog);
	visit->netns = inum;
	visit->stack = -1;
	visit->skb = skb;
	visit->sk = sk_address;
	return 0;
}

static __always_inline void read_packet(struct event *event, struct sk_buff *skb)
{
	unsigned char *head = BPF_CORE_READ(skb, head);
	unsigned char *network = head + BPF_CORE_READ(skb, network_header);
	unsigned char *transport = head + BPF_CORE_READ(skb, transport_header);
	__u8 version = 0;

	READ(version, network);
	event->version = version >> 4;
	if (event->version == 4) {
		bpf_probe_read_kernel(event->client, 4, network + 12);
		bpf_probe_read_kernel(event->local, 4, network + 16);
	} else {
		bpf_probe_read_kernel(event->client, 16, network + 8);
		bpf_probe_read_kernel(event->local, 16, network + 24);
	}
	READ(event->client_port, transport);
}

static __always_inline void read_listener(struct event *event, struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);
	struct net *net = BPF_CORE_READ(sk, __sk_common.skc_net.net);

	event->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == 2 /* AF_INET */) {
		event->listener_version = 4;
		bpf_core_read(event->listener, 4, &sk->__sk_common.skc_rcv_saddr);
	} else if (bpf_core_field_exists(sk->__sk_common.skc_v6_rcv_saddr)) {
		event->listener_version = 6;
		bpf_core_read(event->listener, 16, &sk->__sk_common.skc_v6_rcv_saddr);
	}
	if (socket)
		event->inode = BPF_CORE_READ((struct socket_alloc *)socket, vfs_inode.i_ino);
	event->max_syn_backlog = BPF_CORE_READ(net, ipv4.sysctl_max_syn_backlog);
	/* The first byte holds the value whatever its width: little-endian, and at most 2. */
	event->syncookies = BPF_CORE_READ(net, ipv4.sysctl_tcp_syncookies);
}

/* A call inside another one (a v4 handshake at a v6 listener, TCP Fast Open) has told of this
 * drop: those around it must not tell of it again. */
static __always_inline void told(const __u8 *grew)
{
	__u32 stage;
	int i;

	for (stage = 0; stage < STAGES; stage++) {
		__u32 key = stage;
		struct visit *visit = bpf_map_lookup_elem(&visits, &key);

		if (visit)
			for (i = 0; i < COUNTERS; i++)
				visit->before[i] += grew[i];
	}
}

static __always_inline void count_lost(__u32 is_drop)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &is_drop);

	if (count)
		*count += 1;
}

static __noinline int leave(void *ctx, __u32 stage)
{
	struct visit *visit = bpf_map_lookup_elem(&visits, &stage);
	__u8 grew[COUNTERS];
	struct event *event;
	bool dropped;
	int i;

	if (!visit || !visit->sk)
		return 0;
	for (i = 0; i < COUNTERS; i++)
		grew[i] = read_counter(visit, i) - visit->before[i];
	dropped = grew[DROPS];
	if (dropped)
		told(grew);
	else if (!all_syns || stage != SYN)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count_lost(dropped);
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->netns = visit->netns;
	event->request_queue = visit->request_queue;
	event->accept_queue = visit->accept_queue;
	event->backlog = visit->backlog;
	__builtin_memcpy(event->grew, grew, sizeof(grew));
	event->stage = stage;
	read_packet(event, (struct sk_buff *)visit->skb);
	read_listener(event, (struct sock *)visit->sk);
	event->stack = visit->stack;
	if (with_stack && event->stack < 0)
		event->stack = bpf_get_stackid(ctx, &stacks, 0);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* At a kretprobe the way back is gone: its trampoline stands on the stack in the place of the
 * caller, and 5.10 does not see past it. So with kprobes the stack is taken at the entry. */
static __noinline int take_stack(void *ctx, __u32 stage)
{
	struct visit *visit = bpf_map_lookup_elem(&visits, &stage);

	if (with_stack && visit && visit->sk)
		visit->stack = bpf_get_stackid(ctx, &stacks, 0);
	return 0;
}

static __always_inline __u64 argument(const void *ctx, int number)
{
	__u64 value = 0;

	READ(value, ctx + argument_offset[number]);
	return value;
}

/* tcp_conn_request(rsk_ops, af_ops, sk, skb); tcp_v*_syn_recv_sock(sk, skb, ...). */
#define PROGRAMS(name, stage, sk, skb)                                                        \
	SEC("fentry") int name##_fentry(__u64 *ctx) { return enter(stage, ctx[sk], ctx[skb]); } \
	SEC("fexit") int name##_fexit(__u64 *ctx) { return leave(ctx, stage); }                 \
	SEC("kprobe") int name##_kprobe(void *ctx)                                              \
	{                                                                                       \
		enter(stage, argument(ctx, sk), argument(ctx, skb));                            \
		return take_stack(ctx, stage);                                                  \
	}                                                                                       \
	SEC("kretprobe") int name##_kretprobe(void *ctx) { return leave(ctx, stage); }

PROGRAMS(syn, SYN, 2, 3)
PROGRAMS(final_ack_v4, FINAL_ACK_V4, 0, 1)
PROGRAMS(final_ack_v6, FINAL_ACK_V6, 0, 1)
