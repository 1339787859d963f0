/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The parts of the kernel's types that the programs read. Names and kinds are the kernel's;
 * places and sizes are not: the loader takes them from the running kernel's BTF (CO-RE).
 */
#ifndef SOCKDOCTOR_KERNEL_H
#define SOCKDOCTOR_KERNEL_H

/* libbpf's bpf_core_read.h and bpf_tracing.h ask for these names. */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define true 1
#define false 0

/* include/uapi/linux/bpf.h */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_RINGBUF = 27,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

/* include/net/snmp.h; indexed by LINUX_MIB_*, one for each CPU. */
struct linux_mib {
	unsigned long mibs[1];
};

struct netns_mib {
	struct linux_mib *net_statistics;
};

/* Since 5.13 these are one byte, before that four. */
struct netns_ipv4 {
	__u8 sysctl_tcp_syncookies;
	int sysctl_max_syn_backlog;
};

struct net {
	struct ns_common ns;
	struct netns_mib mib;
	struct netns_ipv4 ipv4;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__be32 skc_rcv_saddr;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_rcv_saddr;
};

typedef struct {
	int counter;
} atomic_t;

struct sk_buff_head {
	struct sk_buff *next;
	__u32 qlen;
};

struct socket;

struct sock {
	struct sock_common __sk_common;
	atomic_t sk_drops;
	struct sk_buff_head sk_receive_queue;
	__u16 sk_type;
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	struct socket *sk_socket;
};

/* Since 6.17 the bytes in the queue of a stream are kept in inq_len. */
struct unix_sock {
	struct sock sk;
	int inq_len;
};

struct request_sock_queue {
	atomic_t qlen;
};

struct inet_connection_sock {
	struct request_sock_queue icsk_accept_queue;
};

struct inode {
	unsigned long i_ino;
};

/* include/net/sock.h: a socket and its inode are one allocation. */
struct socket_alloc {
	struct socket *socket;
	struct inode vfs_inode;
};

struct sk_buff {
	struct sk_buff *next;
	char cb[48];
	unsigned int len;
	unsigned char *head;
	__u16 transport_header;
	__u16 network_header;
};

/* include/net/af_unix.h: what is in `cb` of a buffer in a unix socket's queue. */
struct unix_skb_parms {
	__u32 consumed;
};

struct seq_file;

/* What an iterator's program is called with (include/linux/bpf.h). */
struct bpf_iter_meta {
	struct seq_file *seq;
};

/* kernel/bpf: a per-CPU array keeps a per-CPU pointer to each of its elements. */
struct bpf_array {
	void *pptrs[0];
};

#pragma clang attribute pop

#endif
