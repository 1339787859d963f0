//! `sockdoctor trace`: watches the kernel drop connection requests.

use crate::cli;
use crate::exit::{Exit, Mistake};
use crate::netns::Selector;
use crate::report::page::Look;
use crate::report::trace::Audience;
use crate::stdout::print;
use crate::trace::namespaces::Watched;
use crate::trace::{Filter, Method, Run, Session, Trouble, requirements};

pub(super) fn run(options: &cli::Trace) -> Result<Exit, Mistake> {
    let audience = Audience::of(options.format, Look::of_stdout(options.color));
    if options.can_run {
        return can_run(audience);
    }
    let watched = Watched::discover(&options.netns).map_err(|error| Mistake(error.to_string()))?;
    if !requirements::is_met(&requirements::look()) {
        return refuse(audience, None);
    }
    let filter = filter(options, &watched);
    let method = options.kprobe.then_some(Method::Kprobe);
    match Session::start(&filter, method) {
        Ok(session) => Run::begin(audience, session, watched, filter)?.watch(options.duration),
        Err(trouble) => refuse(audience, Some(&trouble)),
    }
}

fn can_run(audience: Audience) -> Result<Exit, Mistake> {
    let pieces = requirements::try_out();
    print(&audience.requirements(&pieces, None))?;
    Ok(if requirements::is_met(&pieces) {
        Exit::Fine
    } else {
        Exit::Undecided
    })
}

fn refuse(audience: Audience, trouble: Option<&Trouble>) -> Result<Exit, Mistake> {
    let trouble = trouble.map(ToString::to_string);
    print(&audience.requirements(&requirements::look(), trouble.as_deref()))?;
    Ok(Exit::Undecided)
}

/// Namespaces are picked in the kernel only where not all are wanted: so those that are made
/// meanwhile are seen too.
fn filter(options: &cli::Trace, watched: &Watched) -> Filter {
    let everywhere = options.netns.contains(&Selector::All);
    Filter {
        port: options.port.map(u16::from),
        netns: (!everywhere).then(|| watched.inodes()),
        all: options.all,
        stack: options.stack,
    }
}
