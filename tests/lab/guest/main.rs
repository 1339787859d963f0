//! Sockets in a known state for the machines of the kernel lab.
//!
//! Each command that makes sockets prints `ready` once they are in that state, and then
//! holds them until it is killed.

mod flood;
mod hidden;
mod packet;
mod sockets;

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::time::Instant;

const USAGE: &str = "lab-guest listen ADDRESS BACKLOG CLIENTS | group ADDRESS BACKLOG MEMBERS \
                     | connect ADDRESS CLIENTS | unread PATH BYTES | syn-flood ADDRESS COUNT \
                     | syn-cost ADDRESS COUNT | handshakes ADDRESS COUNT \
                     | hidden ADDRESS BACKLOG CLIENTS \
                     | listen-unix PATH BACKLOG CLIENTS | hidden-unread PATH BYTES \
                     | remedy tcp|unix <REPORT";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["listen", address, backlog, clients] => hold(&sockets::listen(
            address.parse()?,
            backlog.parse()?,
            clients.parse()?,
        )?),
        ["group", address, backlog, members] => hold(&sockets::group(
            address.parse()?,
            backlog.parse()?,
            members.parse()?,
        )?),
        ["connect", address, clients] => {
            hold(&sockets::connect(address.parse()?, clients.parse()?)?)
        }
        ["hidden", address, backlog, clients] => hold(&hidden::listener(
            address.parse()?,
            backlog.parse()?,
            clients.parse()?,
        )?),
        ["listen-unix", path, backlog, clients] => hold(&sockets::listen_unix(
            path,
            backlog.parse()?,
            clients.parse()?,
        )?),
        ["hidden-unread", path, bytes] => hold(&hidden::unread(path, bytes.parse()?)?),
        ["unread", path, bytes] => hold(&sockets::unread(path, bytes.parse()?)?),
        ["syn-flood", address, count] => Ok(flood::syns(address.parse()?, count.parse()?)?),
        ["syn-cost", address, count] => syn_cost(address.parse()?, count.parse()?),
        ["handshakes", address, count] => Ok(flood::handshakes(address.parse()?, count.parse()?)?),
        ["remedy", walk] => remedy(walk),
        _ => Err(USAGE.into()),
    }
}

/// Says that the sockets are in their state, and keeps them open until the process is killed.
fn hold<T>(_sockets: &T) -> Result<(), Box<dyn Error>> {
    writeln!(std::io::stdout(), "ready")?;
    loop {
        std::thread::park();
    }
}

/// Prints how many microseconds it took to send `count` SYNs: over loopback each is dealt with
/// before the next is sent.
fn syn_cost(target: SocketAddr, count: u16) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    flood::syns(target, count)?;
    writeln!(std::io::stdout(), "{}", start.elapsed().as_micros())?;
    Ok(())
}

/// Prints the steps that the report on stdin offers against what `walk` found, one a line, each
/// behind `run` or `do`: what mends it now, and then what keeps it so.
fn remedy(walk: &str) -> Result<(), Box<dyn Error>> {
    let report: serde_json::Value = serde_json::from_reader(std::io::stdin())?;
    let remedy = &report["verdict"][walk]["remedy"];
    let mut out = std::io::stdout();
    for part in ["now", "keep"] {
        let steps = remedy[part].as_array();
        for step in steps.ok_or("the report has no remedy")? {
            let step = step.as_object().and_then(|step| step.iter().next());
            let (kind, text) = step.ok_or("a step that is neither run nor do")?;
            writeln!(
                out,
                "{kind} {}",
                text.as_str().ok_or("a step without text")?
            )?;
        }
    }
    Ok(())
}
