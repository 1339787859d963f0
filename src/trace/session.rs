//! The BPF programs, loaded and attached.

use super::trouble::Trouble;
use super::{Event, FINAL_ACK_V4, FINAL_ACK_V6, OBJECT, SYN, Symbols, btf};
use aya::maps::{HashMap, MapData, PerCpuArray, RingBuf, StackTraceMap};
use aya::programs::{FEntry, FExit, KProbe, ProgramError};
use aya::{Btf, BtfError, Ebpf, EbpfLoader};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

/// The counters that the programs watch, in the order of their `enum counter`.
const COUNTERS: [&str; 4] = [
    "LINUX_MIB_LISTENDROPS",
    "LINUX_MIB_LISTENOVERFLOWS",
    "LINUX_MIB_TCPREQQFULLDROP",
    "LINUX_MIB_TCPREQQFULLDOCOOKIES",
];

/// Through which perf_event_open(2) makes kprobes.
const KPROBES: &str = "/sys/bus/event_source/devices/kprobe";

/// The programs of a function are called so, and then by how they are attached.
const FUNCTIONS: [(&str, &str); 3] = [
    ("syn", SYN),
    ("final_ack_v4", FINAL_ACK_V4),
    ("final_ack_v6", FINAL_ACK_V6),
];

/// How the programs are put on the kernel's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// BPF trampolines: since 5.5 on x86-64, 6.4 on arm64 (2aa6ac03516d).
    Fentry,
    /// kprobes and kretprobes.
    Kprobe,
}

impl Method {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Method::Fentry => "fentry",
            Method::Kprobe => "kprobe",
        }
    }
}

/// What the programs tell of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Filter {
    /// Only listeners on this port.
    pub port: Option<u16>,
    /// Only network namespaces with these inodes.
    pub netns: Option<BTreeSet<u32>>,
    /// SYNs that are not dropped, too.
    pub all: bool,
    /// The way through the kernel, too.
    pub stack: bool,
}

/// Programs at work, until it is dropped.
pub(crate) struct Session {
    method: Method,
    events: RingBuf<MapData>,
    lost: PerCpuArray<MapData, u64>,
    stacks: StackTraceMap<MapData>,
    gaps: Vec<String>,
    /// Holds the programs and their links.
    _programs: Ebpf,
}

impl Session {
    /// Loads and attaches, with `method` or with the better one that this kernel has.
    ///
    /// # Errors
    /// What kept it from it, with what the kernel said.
    pub(crate) fn start(filter: &Filter, method: Option<Method>) -> Result<Self, Trouble> {
        match method {
            Some(method) => Self::with(filter, method),
            None => Self::with(filter, Method::Fentry).or_else(|fentry| {
                let session = Self::with(filter, Method::Kprobe);
                session.map_err(|kprobe| fentry.and(kprobe))
            }),
        }
    }

    fn with(filter: &Filter, method: Method) -> Result<Self, Trouble> {
        let arguments = match method {
            // A trampoline hands the arguments over itself.
            Method::Fentry => [0; 4],
            Method::Kprobe if !Path::new(KPROBES).exists() => {
                return Err(Trouble::no_kprobes(KPROBES));
            }
            Method::Kprobe => ARGUMENTS.ok_or_else(Trouble::unknown_registers)?,
        };
        let kernel = Btf::from_sys_fs().map_err(|error| Trouble::btf(&error))?;
        let mut programs = load(filter, method, arguments, &kernel)?;
        let mut gaps = Vec::new();
        for (name, function) in FUNCTIONS {
            let attached = match method {
                Method::Fentry => fentry(&mut programs, name, function, &kernel),
                Method::Kprobe => kprobe(&mut programs, name, function),
            };
            match attached {
                Err(error) if function == FINAL_ACK_V6 && is_not_there(&error) => {
                    gaps.push(format!(
                        "drops at the final ACK over IPv6 (no {function} in this kernel: IPv6 is \
                         off, or a module)"
                    ));
                }
                attached => {
                    let way = method.name();
                    attached.map_err(|error| Trouble::program(way, function, &error))?;
                }
            }
        }
        let (events, lost, stacks) = maps(&mut programs).map_err(|error| Trouble::map(&error))?;
        Ok(Session {
            method,
            events,
            lost,
            stacks,
            gaps,
            _programs: programs,
        })
    }

    /// How it is attached.
    pub(crate) fn method(&self) -> Method {
        self.method
    }

    /// What it cannot see on this kernel.
    pub(crate) fn gaps(&self) -> &[String] {
        &self.gaps
    }

    /// Waits until there are events, `stop` can be read or `limit` has passed. Returns whether it
    /// is time to stop.
    pub(crate) fn wait(&self, stop: impl AsFd, limit: Option<Duration>) -> bool {
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut fds = [
            PollFd::new(&self.events, PollFlags::IN),
            PollFd::new(&stop, PollFlags::IN),
        ];
        // Whatever it returns, the caller looks at the events and at the clock.
        let _ = poll(&mut fds, limit.as_ref());
        !fds[1].revents().is_empty()
    }

    /// The next event, if there is one.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        // Nobody but the program writes there, and it writes whole events.
        Event::parse(&self.events.next()?)
    }

    /// Events that found no room: drops, and requests that were not dropped.
    ///
    /// # Errors
    /// The kernel did not tell.
    pub(crate) fn lost(&self) -> Result<(u64, u64), Trouble> {
        let sum = |key| -> Result<u64, Trouble> {
            let values = self
                .lost
                .get(&key, 0)
                .map_err(|error| Trouble::map(&error))?;
            Ok(values.iter().sum())
        };
        Ok((sum(1)?, sum(0)?))
    }

    /// The functions on the way to `event`, the innermost first. `None` without a stack.
    pub(crate) fn frames(&self, event: &Event, symbols: &Symbols) -> Option<Vec<String>> {
        let stack = self.stacks.get(&event.stack?, 0).ok()?;
        let addresses = stack.frames().iter().map(|frame| frame.ip);
        Some(symbols.frames(addresses, event.function))
    }
}

/// Whether the kernel has no function of that name.
fn is_not_there(error: &ProgramError) -> bool {
    match error {
        ProgramError::Btf(error) => matches!(error, BtfError::UnknownBtfTypeName { .. }),
        ProgramError::SyscallError(error) => error.io_error.kind() == ErrorKind::NotFound,
        _ => false,
    }
}

fn load(
    filter: &Filter,
    method: Method,
    arguments: [u32; 4],
    kernel: &Btf,
) -> Result<Ebpf, Trouble> {
    let counters = btf::enumerators(COUNTERS).map_err(|gap| Trouble::gap(&gap))?;
    let port = filter.port.unwrap_or(0);
    let netns = filter.netns.iter().flatten().collect::<Vec<_>>();
    let [some_netns, all, stack] = [filter.netns.is_some(), filter.all, filter.stack].map(u8::from);
    let mut programs = EbpfLoader::new()
        .btf(Some(kernel))
        .override_global("counter_index", &counters, true)
        .override_global("argument_offset", &arguments, true)
        .override_global("only_port", &port, true)
        .override_global("only_some_netns", &some_netns, true)
        .override_global("all_syns", &all, true)
        .override_global("with_stack", &stack, true)
        .load(OBJECT)
        .map_err(|error| Trouble::object(method.name(), &error))?;
    let map = programs
        .map_mut("netns")
        .ok_or_else(Trouble::broken_object)?;
    let mut map: HashMap<_, u32, u8> =
        HashMap::try_from(map).map_err(|error| Trouble::map(&error))?;
    for inode in netns {
        let inserted = map.insert(inode, 1, 0);
        inserted.map_err(|error| Trouble::map(&error))?;
    }
    Ok(programs)
}

type Maps = (
    RingBuf<MapData>,
    PerCpuArray<MapData, u64>,
    StackTraceMap<MapData>,
);

fn maps(programs: &mut Ebpf) -> Result<Maps, aya::maps::MapError> {
    let mut take = |name: &str| {
        let map = programs.take_map(name);
        map.ok_or(aya::maps::MapError::KeyNotFound)
    };
    Ok((
        RingBuf::try_from(take("events")?)?,
        PerCpuArray::try_from(take("lost")?)?,
        StackTraceMap::try_from(take("stacks")?)?,
    ))
}

/// The return first: a return without its entry is passed over, an entry without its return is not.
fn fentry(
    programs: &mut Ebpf,
    name: &str,
    function: &str,
    kernel: &Btf,
) -> Result<(), ProgramError> {
    let program: &mut FExit = program(programs, &format!("{name}_fexit"))?;
    program.load(function, kernel)?;
    program.attach()?;
    let program: &mut FEntry = self::program(programs, &format!("{name}_fentry"))?;
    program.load(function, kernel)?;
    program.attach().map(drop)
}

fn kprobe(programs: &mut Ebpf, name: &str, function: &str) -> Result<(), ProgramError> {
    for kind in ["kretprobe", "kprobe"] {
        let program: &mut KProbe = program(programs, &format!("{name}_{kind}"))?;
        program.load()?;
        program.attach(function, 0)?;
    }
    Ok(())
}

fn program<'a, P>(programs: &'a mut Ebpf, name: &str) -> Result<&'a mut P, ProgramError>
where
    &'a mut P: TryFrom<&'a mut aya::programs::Program, Error = ProgramError>,
{
    let program = programs.program_mut(name);
    program.ok_or(ProgramError::NotLoaded)?.try_into()
}

/// Where a kprobe finds the first four arguments of a function in struct pt_regs
/// (arch/*/include/asm/ptrace.h, regs_get_kernel_argument). `None`: not known here.
pub(super) const ARGUMENTS: Option<[u32; 4]> = if cfg!(target_arch = "x86_64") {
    // di, si, dx, cx
    Some([112, 104, 96, 88])
} else if cfg!(target_arch = "aarch64") {
    // regs[0] to regs[3]
    Some([0, 8, 16, 24])
} else {
    None
};
