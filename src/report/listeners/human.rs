//! The table for people.

use super::cells;
use super::columns::{Columns, differ};
use super::grid::{Cell, Grid, Side};
use super::{Listing, words};
use crate::report::page::{Lead, Look, Page};
use crate::report::style::Tone;
use sockdoctor_checks::listeners::{Attribution, Stream, Table};
use std::cmp::Reverse;

/// Namespaces whose drops are told.
const DROPPING: usize = 8;

/// The table as text. `bars`: it goes to a terminal, where a bar is easier to see than a number.
pub fn render(listing: &Listing<'_>, look: Look, bars: bool) -> String {
    let mut page = Page::new(look);
    let table = listing.table;
    page.entry(&Lead::default(), &words::headline(listing));
    listeners(&mut page, listing, look.width, bars);
    streams(&mut page, table);
    notes(&mut page, listing);
    page.finish()
}

fn listeners(page: &mut Page, listing: &Listing<'_>, width: usize, bars: bool) {
    let rows = &listing.table.rows;
    let columns = Columns::of(rows, listing.request.kind);
    page.gap();
    if rows.is_empty() {
        let none = words::nothing_shown(listing.request);
        let none = none.filter(|_| listing.table.counts.listeners > 0);
        none.into_iter()
            .for_each(|none| page.entry(&Lead::default(), none));
        return;
    }
    let same = columns.same(&rows[0], words::ss(listing));
    page.row(&Lead::default(), "", &same);
    page.gap();
    let charset = page.charset();
    let grid = columns.grid(rows, charset, bars.then_some(charset));
    if bars && grid.width(page) > width {
        columns.grid(rows, charset, None).write(page);
    } else {
        grid.write(page);
    }
}

fn streams(page: &mut Page, table: &Table) {
    let streams = &table.streams;
    if streams.is_empty() {
        return;
    }
    page.gap();
    page.entry(
        &Lead::default(),
        "Bytes that wait to be read from unix streams:",
    );
    page.gap();
    let netns = differ(streams.iter().map(|stream| stream.netns.id));
    let heads = [
        (netns, "netns", Side::Left),
        (true, "unread", Side::Right),
        (true, "process", Side::Left),
        (true, "address, its own or its peer's", Side::Left),
    ];
    let heads = heads.into_iter();
    let mut grid = Grid::new(
        heads
            .filter_map(|(it, head, side)| it.then_some((head, side)))
            .collect(),
    );
    for stream in streams {
        grid.line(stream_cells(stream, netns));
    }
    grid.write(page);
}

fn stream_cells(stream: &Stream, netns: bool) -> Vec<Cell> {
    let name = match stream.name.as_str() {
        "" => Cell::plain("no name").in_tone(Tone::Faint),
        name => Cell::plain(name),
    };
    let label = netns.then(|| Cell::plain(&stream.netns.label));
    let others = [
        cells::number(&stream.unread),
        cells::owner(&stream.owner),
        name,
    ];
    label.into_iter().chain(others).collect()
}

/// What is below the table: who drops, and why something is not known.
fn notes(page: &mut Page, listing: &Listing<'_>) {
    let table = listing.table;
    page.gap();
    if let Some(undecided) = words::undecided(table.undecided) {
        page.entry(&Lead::default(), &undecided);
    }
    let dropping = dropping(listing);
    let lead = page.lead(&[("drops  ", Some(Tone::Faint))]);
    for one in dropping.iter().take(DROPPING) {
        page.entry(&lead, &words::attribution(one));
    }
    let more = dropping.len().saturating_sub(DROPPING);
    if more > 0 {
        let more = format!("and in {more} more namespaces; --format json has all");
        page.entry(&lead, &more);
    }
    let lead = page.lead(&[("?  ", Some(Tone::Unsure))]);
    for reason in &table.gaps {
        page.entry(&lead, &words::reason(reason, table.namespaces));
    }
}

/// The namespaces in which something was dropped, most first. Where some ports or a process were
/// asked for, those of their listeners.
fn dropping<'a>(listing: &Listing<'a>) -> Vec<&'a Attribution> {
    let Table {
        rows, attributions, ..
    } = listing.table;
    let filter = &listing.request.filter;
    let all = filter.ports.is_empty() && filter.process.is_none();
    let is_shown = |one: &Attribution| all || rows.iter().any(|row| row.netns.id == one.id);
    let dropping = attributions.iter().filter(|one| one.has_drops());
    let mut dropping: Vec<&Attribution> = dropping.filter(|one| is_shown(one)).collect();
    dropping.sort_by_key(|one| Reverse(one.listen_drops.clone().ok()));
    dropping
}

#[cfg(test)]
mod tests;
