/*
 * The least that has to be done: ask the kernel for the TCP listeners of each namespace, IPv4
 * and IPv6, and count the answers. One thread, no output but the count.
 *
 *   floor [OPTION]         the namespace that it runs in
 *   floor [OPTION] FILE..  each of these namespaces (/run/netns/NAME)
 *     -c                   read its counters and somaxconn as well
 *     -u                   ask for the unix listeners instead
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TCP_LISTEN_STATE = 10 };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void ask(int fd, int family)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		.header = {
			.nlmsg_len = sizeof request,
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.body = {
			.sdiag_family = family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = 1 << TCP_LISTEN_STATE,
		},
	};

	if (send(fd, &request, sizeof request, 0) != sizeof request)
		die("send");
}

static void ask_unix(int fd)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		.header = {
			.nlmsg_len = sizeof request,
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.body = {
			.sdiag_family = AF_UNIX,
			.udiag_states = 1 << TCP_LISTEN_STATE,
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN,
		},
	};

	if (send(fd, &request, sizeof request, 0) != sizeof request)
		die("send");
}

static long answers(int fd)
{
	static char buffer[32 * 1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	long count = 0;

	for (;;) {
		ssize_t length = recv(fd, buffer, sizeof buffer, 0);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			die("recv");
		for (struct nlmsghdr *m = (void *)buffer; NLMSG_OK(m, length); m = NLMSG_NEXT(m, length)) {
			if (m->nlmsg_type == NLMSG_DONE)
				return count;
			if (m->nlmsg_type == NLMSG_ERROR)
				die("sock_diag");
			count++;
		}
	}
}

static long listeners(int unix_sockets)
{
	long count = 0;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		die("socket");
	if (unix_sockets) {
		ask_unix(fd);
		count += answers(fd);
	} else {
		ask(fd, AF_INET);
		count += answers(fd);
		ask(fd, AF_INET6);
		count += answers(fd);
	}
	close(fd);
	return count;
}

static void read_file(const char *path)
{
	static char buffer[16 * 1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, buffer, sizeof buffer) <= 0)
		die(path);
	close(fd);
}

int main(int argc, char **argv)
{
	int counters = 0, unix_sockets = 0, option;
	long count = 0;

	while ((option = getopt(argc, argv, "cu")) != -1) {
		counters |= option == 'c';
		unix_sockets |= option == 'u';
	}
	for (int i = optind; i < argc || i == optind; i++) {
		int fd = i < argc ? open(argv[i], O_RDONLY | O_CLOEXEC) : -1;

		if (i < argc && (fd < 0 || setns(fd, CLONE_NEWNET)))
			die(argv[i]);
		if (i < argc)
			close(fd);
		count += listeners(unix_sockets);
		if (counters) {
			read_file("/proc/thread-self/net/netstat");
			read_file("/proc/sys/net/core/somaxconn");
		}
	}
	printf("%ld\n", count);
	return 0;
}
