// SPDX-License-Identifier: MIT OR Apache-2.0
/* Everything that sockdoctor runs in the kernel, as one object. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* bpf_probe_read_kernel, bpf_get_stackid and bpf_seq_write are for programs under a licence that
 * is compatible with the GPL: the kernel looks for this string and loads nothing else that calls
 * them. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define READ(to, from) bpf_probe_read_kernel(&(to), sizeof(to), (const void *)(from))

#include "overflow.bpf.c"
#include "sockets.bpf.c"
