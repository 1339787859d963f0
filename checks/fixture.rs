//! A healthy machine, for tests to break one way at a time.

use crate::facts::*;

/// A host with Linux 6.1, all diag modules loaded, `ss` installed, and two namespaces: the
/// host's with one listener, and `web` with none. Every check passes on it.
pub fn healthy() -> Facts {
    Facts {
        facts_version: FACTS_VERSION,
        tool_version: "0.1.0".to_owned(),
        origin: Origin::Machine,
        expected: None,
        collection: Collection {
            started_unix_seconds: 1_700_000_000,
            duration_micros: 11_000,
            passive: false,
            sample_ms: None,
        },
        machine: machine(),
        kernel: kernel(),
        modules: Fact::Known(modules()),
        loaded_before: Fact::Known(DiagModule::ALL.to_vec()),
        loaded_after: Fact::Known(DiagModule::ALL.to_vec()),
        round_trips: Fact::Known(round_trips()),
        kernel_log: Fact::Known(Vec::new()),
        ss: ss(),
        boot: Boot {
            sysctls: Fact::Known(Vec::new()),
            doubts: Vec::new(),
            modules: Fact::Known(Vec::new()),
        },
        namespaces: Fact::Known(vec![
            namespace(4_026_531_833, "host", vec![listener("0.0.0.0", 80)]),
            namespace(4_026_532_201, "web", Vec::new()),
        ]),
        owners: Fact::Known(vec![Owner {
            inode: 5080,
            pid: 812,
            name: "nginx".to_owned(),
            container: None,
        }]),
    }
}

/// A run that collected nothing: every fact is missing, because nobody asked for it.
pub fn blank() -> Facts {
    let gap = Gap::not_collected("this", "a blank run");
    Facts {
        machine: Machine::missing(65_534, &gap),
        kernel: Kernel::missing(&gap),
        modules: Fact::Missing(gap.clone()),
        loaded_before: Fact::Missing(gap.clone()),
        loaded_after: Fact::Missing(gap.clone()),
        round_trips: Fact::Missing(gap.clone()),
        kernel_log: Fact::Missing(gap.clone()),
        ss: Ss::missing(&gap),
        boot: Boot::missing(&gap),
        namespaces: Fact::Missing(gap.clone()),
        owners: Fact::Missing(gap),
        ..healthy()
    }
}

/// An image with the kernel of the healthy machine, its modules shipped and nothing in the way.
pub fn image() -> Facts {
    let healthy = healthy();
    let not_booted = |what: &str| Gap::not_collected(what, "an image does not run");
    let mut predicted = namespace(0, "host", Vec::new());
    predicted.names.clear();
    predicted.counters = Fact::Missing(not_booted("counters"));
    predicted.listeners = Fact::Missing(not_booted("listeners"));
    predicted.unix_listeners = Fact::Missing(not_booted("unix listeners"));
    let shipped = |mut modules: Modules| {
        for entry in &mut modules.entries {
            let file = format!(
                "/lib/modules/6.1.0-50-cloud-amd64/kernel/net/{}.ko",
                entry.module
            );
            entry.presence = Fact::Known(Presence::Shipped { file });
        }
        modules
    };
    Facts {
        origin: Origin::Image(SeenImage {
            name: "rootfs.tar".to_owned(),
            distribution: Fact::Known("Debian GNU/Linux 12 (bookworm)".to_owned()),
            has_kernel: true,
            packages: Fact::Known(Vec::new()),
        }),
        kernel: healthy.kernel.clone(),
        modules: healthy.modules.clone().map(shipped),
        boot: healthy.boot.clone(),
        ss: Ss {
            installed: healthy.ss.installed.clone(),
            ..blank().ss
        },
        round_trips: Fact::Missing(not_booted("round trip")),
        namespaces: Fact::Known(vec![predicted]),
        kernel_log: Fact::Missing(not_booted("kernel log")),
        ..blank()
    }
}

/// A namespace with Linux 6.1's own settings; `host` and `own` when it is named `host`.
pub fn namespace(inode: u64, name: &str, listeners: Vec<TcpListener>) -> Namespace {
    let is_host = name == "host";
    Namespace {
        id: NetnsId { device: 4, inode },
        names: if is_host {
            vec![NetnsName::Process {
                pid: 1,
                name: "systemd".to_owned(),
            }]
        } else {
            vec![NetnsName::Netns(name.to_owned())]
        },
        own: is_host,
        host: Some(is_host),
        sysctls: NetSysctls {
            somaxconn: Fact::Known(4096),
            tcp_syncookies: Fact::Known(1),
            tcp_max_syn_backlog: Fact::Known(4096),
            tcp_abort_on_overflow: Fact::Known(0),
            tcp_synack_retries: Fact::Known(5),
        },
        counters: Fact::Known(quiet()),
        listeners: Fact::Known(listeners),
        unix_listeners: Fact::Known(Vec::new()),
        syn_recv: Fact::Known(Vec::new()),
        unix_streams: Fact::Known(Vec::new()),
        sample: None,
    }
}

/// Counters that have never moved.
pub fn quiet() -> Counters {
    Counters {
        listen_overflows: Some(0),
        listen_drops: Some(0),
        req_q_full_do_cookies: Some(0),
        req_q_full_drop: Some(0),
        syncookies_sent: Some(0),
        syncookies_recv: Some(0),
        syncookies_failed: Some(0),
    }
}

/// An idle listener with a backlog of 511, whose inode is 5000 + port.
pub fn listener(address: &str, port: u16) -> TcpListener {
    let address = address
        .parse::<std::net::IpAddr>()
        .expect("an address literal");
    TcpListener {
        family: if address.is_ipv4() {
            Family::V4
        } else {
            Family::V6
        },
        address,
        port,
        interface: 0,
        interface_name: None,
        accept_queue: 0,
        backlog: Some(511),
        drops: Some(0),
        uid: 0,
        inode: 5000 + u32::from(port),
        source: SocketSource::SockDiag,
    }
}

fn machine() -> Machine {
    Machine {
        hostname: Fact::Known("web-7".to_owned()),
        uptime_seconds: Fact::Known(86_400),
        effective_uid: 0,
        capabilities: Fact::Known(
            ["CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE"]
                .map(str::to_owned)
                .to_vec(),
        ),
        sandbox: Fact::Known(Sandbox::None),
        user_namespace: Fact::Known(UserNamespace::Initial),
        hidepid: Fact::Known("0".to_owned()),
    }
}

fn kernel() -> Kernel {
    let options = DiagModule::ALL
        .iter()
        .map(|module| (module.config_option().to_owned(), "m".to_owned()))
        .chain([
            ("CONFIG_MODULES".to_owned(), "y".to_owned()),
            ("CONFIG_SYN_COOKIES".to_owned(), "y".to_owned()),
        ])
        .collect();
    Kernel {
        release: Fact::Known("6.1.0-50-cloud-amd64".to_owned()),
        config: Fact::Known(KernelConfig {
            source: "/boot/config-6.1.0-50-cloud-amd64".to_owned(),
            options,
        }),
        modprobe: Fact::Known(ModprobeHelper {
            path: "/sbin/modprobe".to_owned(),
            runnable: Runnable::Yes,
        }),
        modules_disabled: Fact::Known(false),
        lockdown: Fact::Known("none".to_owned()),
        signatures_enforced: Fact::Known(false),
    }
}

fn modules() -> Modules {
    let tree = "/lib/modules/6.1.0-50-cloud-amd64";
    Modules {
        tree: Some(tree.to_owned()),
        resolver: ModuleResolver::Libkmod,
        entries: DiagModule::ALL
            .iter()
            .map(|&module| ModuleFacts {
                module,
                presence: Fact::Known(Presence::Loaded {
                    file: Some(format!("{tree}/kernel/net/{module}.ko")),
                }),
                rules: Fact::Known(Vec::new()),
            })
            .collect(),
    }
}

fn round_trips() -> RoundTrips {
    RoundTrips {
        socket: Opened::Yes,
        tcp4: Fact::Known(canary("127.0.0.1:40123, listen(fd, 7)", 1, Some(7))),
        tcp6: Fact::Known(canary("[::1]:40124, listen(fd, 7)", 1, Some(7))),
        udp: Fact::Known(Canary {
            truth: Queues {
                recv: None,
                send: None,
            },
            ..canary("127.0.0.1:40125, one datagram unread", 768, Some(0))
        }),
        unix: Fact::Known(Canary {
            proc_net: Fact::Known(None),
            ..canary("unix stream, 9 bytes unread", 9, None)
        }),
    }
}

fn canary(socket: &str, recv: u32, send: Option<u32>) -> Canary {
    let truth = Queues {
        recv: Some(recv),
        send,
    };
    Canary {
        socket: socket.to_owned(),
        truth,
        answer: Fact::Known(Answer::Complete),
        sock_diag: Some(truth),
        proc_net: Fact::Known(Some(Queues {
            recv: Some(recv),
            send: Some(0),
        })),
    }
}

fn ss() -> Ss {
    let run = |command: &str, recv: u32, send: u32| SsRun {
        command: command.to_owned(),
        truth: Queues {
            recv: Some(recv),
            send: (send > 0).then_some(send),
        },
        rows: vec![SsRow {
            recv_q: u64::from(recv),
            send_q: u64::from(send),
            local: "127.0.0.1:40126".to_owned(),
        }],
        stderr: String::new(),
        exit_code: Some(0),
    };
    Ss {
        environment: Fact::Known(Vec::new()),
        installed: Fact::Known(Some(SsInstalled {
            path: "/usr/bin/ss".to_owned(),
            version: Fact::Known("iproute2-6.1.0".to_owned()),
        })),
        tcp: Fact::Known(run("ss -Htn state listening sport = :40126", 1, 7)),
        unix: Fact::Known(run("ss -Hxn src @sockdoctor-canary", 9, 0)),
    }
}
