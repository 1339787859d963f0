/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The parts of the kernel's types that overflow.bpf.c reads. Names and kinds are the kernel's;
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
	possible_net_t skc_net;
	struct in6_addr skc_v6_rcv_saddr;
};

struct socket;

struct sock {
	struct sock_common __sk_common;
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	struct socket *sk_socket;
};

typedef struct {
	int counter;
} atomic_t;

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
	unsigned char *head;
	__u16 transport_header;
	__u16 network_header;
};

/* kernel/bpf: a per-CPU array keeps a per-CPU pointer to each of its elements. */
struct bpf_array {
	void *pptrs[0];
};

#pragma clang attribute pop

#endif
