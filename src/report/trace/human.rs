//! Lines and a summary for people.

use super::bars::bar;
use super::{Closing, Line, Listener};
use crate::owners::Holder;
use crate::report::escape::escape;
use crate::report::holder_label;
use crate::report::page::{Lead, Look, Page};
use crate::report::style::Tone;
use crate::trace::requirements::{Requirement, Standing, is_met};
use sockdoctor_checks::facts::Gap;
use sockdoctor_checks::label::owner_label;
use sockdoctor_checks::list::counted;
use sockdoctor_checks::trace::agreement::{Agreement, Held};
use sockdoctor_checks::trace::{Outcome, Request};
use std::time::SystemTime;

pub(super) fn beginning(look: Look, method: &str, namespaces: usize) -> String {
    let mut page = Page::new(look);
    let text = format!(
        "Watching with {method}; {} found so far.",
        counted(namespaces, "network namespace"),
    );
    page.entry(&Lead::default(), &text);
    page.finish()
}

/// Columns of the fields that vary little, so that lines can be read downwards.
const LABEL: usize = 10;
const ADDRESSES: usize = 38;
const OWNER: usize = 18;

pub(super) fn line(look: Look, line: &Line<'_>) -> String {
    let mut page = Page::new(look);
    let request = line.request;
    let outcome = Outcome::of(request);
    let pad = |text: String, width: usize| {
        let text = escape(&text, look.charset).into_owned();
        let columns = textwrap::core::display_width(&text);
        text + &" ".repeat(width.saturating_sub(columns))
    };
    let addresses = format!("{} → {}", request.client, request.listener);
    let tone = if outcome.is_drop() {
        Tone::Bad
    } else {
        Tone::Faint
    };
    let lead = page.lead(&[
        (&time_of_day(line.time), Some(Tone::Faint)),
        ("  ", None),
        (&pad(line.namespace.to_owned(), LABEL), None),
        ("  ", None),
        (&pad(addresses, ADDRESSES), None),
        ("  ", None),
        (&pad(process(line.holder), OWNER), None),
        ("  ", None),
        (&pad(queues(request), 0), None),
        ("  ", None),
        (outcome.words(), Some(tone)),
    ]);
    page.unbroken(&lead, "");
    for frame in line.frames.unwrap_or_default() {
        let lead = page.lead(&[("                   ", None)]);
        page.unbroken(&lead, frame);
    }
    page.finish()
}

/// `23:59:01.123456Z`: the day is that of the reader.
fn time_of_day(time: SystemTime) -> String {
    let full = humantime::format_rfc3339_micros(time).to_string();
    full.split('T').next_back().unwrap_or_default().to_owned()
}

fn process(holder: Holder<'_>) -> String {
    match holder {
        Holder::Process(owner) => owner_label(owner),
        nobody => format!("process {}", holder_label(nobody)),
    }
}

fn queues(request: &Request) -> String {
    let Request {
        request_queue,
        accept_queue,
        backlog,
        ..
    } = request;
    format!("SYN queue {request_queue}, accept queue {accept_queue} of {backlog}")
}

pub(super) fn closing(look: Look, closing: &Closing<'_>) -> String {
    let mut page = Page::new(look);
    page.gap();
    headline(&mut page, closing);
    for listener in &closing.listeners {
        page.gap();
        one_listener(&mut page, listener, closing);
    }
    stacks(&mut page, closing);
    page.gap();
    for (namespace, agreement) in &closing.agreements {
        let lead = page.lead(&[(namespace, Some(Tone::Strong)), ("  ", None)]);
        page.entry(&lead, &agreement_words(agreement, closing.port));
    }
    lost(&mut page, closing);
    for gap in &closing.gaps {
        page.entry(&Lead::default(), &format!("Not seen: {gap}."));
    }
    format!("\n{}", page.finish())
}

fn headline(page: &mut Page, closing: &Closing<'_>) {
    let drops = closing.summary.drops();
    let at = closing
        .port
        .map_or(String::new(), |port| format!(" at port {port}"));
    let seconds = closing.time.as_secs_f64();
    let text = match drops {
        0 => format!("no connection request was dropped{at} in {seconds:.1} s."),
        1 => format!("1 connection request was dropped{at} in {seconds:.1} s."),
        many => format!("{many} connection requests were dropped{at} in {seconds:.1} s."),
    };
    let (word, tone) = match drops {
        0 => ("PASS  ", Tone::Good),
        _ => ("FAIL  ", Tone::Bad),
    };
    let lead = page.lead(&[(word, Some(tone))]);
    page.entry(&lead, &text);
}

fn one_listener(page: &mut Page, listener: &Listener<'_>, closing: &Closing<'_>) {
    let seen = listener.seen;
    let name = format!("{}  {}  ", listener.namespace, seen.listener);
    let lead = page.lead(&[(&name, Some(Tone::Strong))]);
    let text = format!(
        "{}, backlog {}; longest accept queue {}, longest SYN queue {}",
        process(listener.holder),
        seen.backlog,
        seen.longest_accept_queue,
        seen.longest_request_queue
    );
    page.entry(&lead, &text);
    let most = closing
        .listeners
        .iter()
        .flat_map(|one| one.seen.outcomes.values());
    let most = most.copied().max().unwrap_or(0);
    for (outcome, count) in &seen.outcomes {
        let lead = page.lead(&[("  ", None), (&format!("{:36}", outcome.words()), None)]);
        let bar = bar(*count, most, page.charset());
        chart(page, &lead, &bar, *count);
    }
}

fn chart(page: &mut Page, lead: &Lead, bar: &str, count: u64) {
    page.unbroken(lead, &format!("{bar} {count}"));
}

fn stacks(page: &mut Page, closing: &Closing<'_>) {
    let stacks = closing.summary.stacks();
    let most = stacks.iter().map(|stack| stack.drops).max().unwrap_or(0);
    for stack in &stacks {
        page.gap();
        let lead = page.lead(&[("dropped by way of  ", None)]);
        let bar = bar(stack.drops, most, page.charset());
        chart(page, &lead, &bar, stack.drops);
        for frame in &stack.frames {
            let lead = page.lead(&[("  ", None)]);
            page.unbroken(&lead, frame);
        }
    }
}

fn agreement_words(agreement: &Result<Agreement, Gap>, port: Option<u16>) -> String {
    let agreement = match agreement {
        Ok(agreement) => agreement,
        Err(gap) => return format!("the counters were not read ({gap})"),
    };
    let seen = agreement.seen;
    let drops = held(
        "ListenDrops",
        agreement.counted_drops,
        seen.drops,
        agreement.drops(),
    );
    let overflows = held(
        "ListenOverflows",
        agreement.counted_overflows,
        seen.overflows,
        agreement.overflows(),
    );
    let missed = matches!(agreement.drops(), Held::Missed(_));
    let elsewhere = match port {
        _ if !missed => "",
        Some(_) => ". The others were dropped at other ports, or elsewhere in the kernel",
        None => ". The others were dropped elsewhere in the kernel",
    };
    format!("{drops}; {overflows}{elsewhere}")
}

fn held(name: &str, counted: u64, seen: u64, held: Held) -> String {
    match held {
        Held::All if counted == 0 => format!("{name} did not move"),
        Held::All => format!("{name} rose by {counted}, and all of it was seen"),
        Held::Missed(missed) => {
            format!("{name} rose by {counted}: {seen} seen, {missed} not seen")
        }
        Held::Excess(excess) => format!(
            "{name} rose by {counted} and {seen} were seen, {excess} too many: one of the two \
             is wrong"
        ),
    }
}

fn lost(page: &mut Page, closing: &Closing<'_>) {
    let text = match &closing.lost {
        Ok((0, 0)) => return,
        Ok((drops, others)) => format!(
            "Events came faster than they were read: {drops} drops and {others} other requests \
             are not shown."
        ),
        Err(why) => format!("Whether events were lost could not be read: {why}."),
    };
    page.entry(&Lead::default(), &text);
}

/// What needs nothing but sock_diag.
const INSTEAD: &str = "The counters tell which listener drops, without its clients: sockdoctor \
                       watch";

pub(super) fn requirements(look: Look, all: &[Requirement], trouble: Option<&str>) -> String {
    let mut page = Page::new(look);
    for one in all {
        let tone = match one.standing {
            Standing::Ok => Tone::Good,
            Standing::Missing => Tone::Bad,
            Standing::Spare => Tone::Faint,
            Standing::Unknown => Tone::Unsure,
        };
        let lead = page.lead(&[
            (&format!("{:12}", one.standing.name()), Some(tone)),
            (&format!("{:27}", one.name), None),
        ]);
        page.entry(&lead, &one.why);
    }
    page.gap();
    let why_not = match trouble {
        Some(trouble) => trouble,
        None if is_met(all) => {
            page.entry(&Lead::default(), "This machine can trace.");
            return page.finish();
        }
        None => "something that is needed is missing",
    };
    let text = format!("This machine cannot trace: {why_not}.");
    page.entry(&Lead::default(), &text);
    page.entry(&Lead::default(), INSTEAD);
    page.finish()
}
