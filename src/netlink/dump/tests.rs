use super::*;
use crate::netlink::ask_unix;
use crate::netlink::reply::Cookie;
use sockdoctor_checks::facts::Refusal;
use std::collections::VecDeque;

/// What the next receive() gives.
enum Step {
    /// A datagram of the kernel: message type and payload of each message.
    Datagram(Vec<(u16, Vec<u8>)>),
    /// The same from another process.
    Forged(Vec<(u16, Vec<u8>)>),
    /// A datagram that was longer than what arrives.
    Cut(Vec<(u16, Vec<u8>)>),
    Error(i32),
}

const SOCKET: u16 = 18;
const DONE: u16 = 3;

/// A kernel that follows a script, and numbers its replies as it was asked.
struct Script {
    steps: VecDeque<Step>,
    sequence: [u8; 4],
    requests: u32,
    reopened: u32,
}

impl Script {
    fn messages(&self, messages: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (kind, payload) in messages {
            bytes.extend(u32::try_from(16 + payload.len()).unwrap().to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend([0, 0]);
            bytes.extend(self.sequence);
            bytes.extend([0; 4]);
            bytes.extend(payload);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }
}

impl Wire for Script {
    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.sequence = request[8..12].try_into().unwrap();
        self.requests += 1;
        Ok(())
    }

    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<Received> {
        let (messages, from_kernel, lost) = match self.steps.pop_front().unwrap() {
            Step::Datagram(messages) => (messages, true, 0),
            Step::Forged(messages) => (messages, false, 0),
            Step::Cut(messages) => (messages, true, 100),
            Step::Error(errno) => return Err(io::Error::from_raw_os_error(errno)),
        };
        buffer.extend(self.messages(&messages));
        Ok(Received {
            length: buffer.len() + lost,
            from_kernel,
        })
    }

    fn reopen(&mut self) -> io::Result<()> {
        self.reopened += 1;
        Ok(())
    }
}

fn exchange(steps: impl IntoIterator<Item = Step>) -> Exchange<Script> {
    Exchange::new(Script {
        steps: steps.into_iter().collect(),
        sequence: [0; 4],
        requests: 0,
        reopened: 0,
    })
}

/// A socket is its cookie here, and nothing else.
fn decode(payload: &[u8], damage: &mut Damage) -> Option<Row<u8>> {
    let Ok(cookie) = payload.try_into().map(Cookie::from_ne_bytes) else {
        damage.note("odd");
        return None;
    };
    let value = payload[0];
    Some(Row { cookie, value })
}

fn socket(id: u8) -> (u16, Vec<u8>) {
    (SOCKET, vec![id; 8])
}

fn done(code: i32) -> (u16, Vec<u8>) {
    (DONE, code.to_ne_bytes().to_vec())
}

fn rows(steps: impl IntoIterator<Item = Step>) -> Fact<Vec<u8>> {
    exchange(steps)
        .dump(Request::tcp_listeners(), decode)
        .into_rows()
}

fn missing(why: Why) -> Fact<Vec<u8>> {
    Fact::Missing(Gap::new("dump of TCP listeners", why))
}

#[test]
fn a_socket_that_comes_twice_is_shown_once() {
    let first = Step::Datagram(vec![socket(1), socket(2)]);
    let second = Step::Datagram(vec![socket(2), socket(3), done(0)]);
    assert_eq!(rows([first, second]), Fact::Known(vec![1, 2, 3]));
}

#[test]
fn a_refused_dump_is_missing_with_its_error() {
    let refused = Step::Datagram(vec![done(-2)]);
    assert_eq!(rows([refused]), missing(Why::Failed(Errno::ENOENT)));
}

#[test]
fn a_dump_that_is_refused_half_way_keeps_its_rows_and_says_so() {
    let fact = rows([Step::Datagram(vec![socket(1), done(-2)])]);
    assert_eq!(fact.value(), Some(&vec![1]));
    assert_eq!(fact.gaps()[0].why, Why::Failed(Errno::ENOENT));
}

#[test]
fn an_answer_names_the_way_it_was_refused() {
    let mut exchange = exchange([Step::Datagram(vec![done(-2)])]);
    let (answer, row) = exchange
        .dump(Request::tcp_listeners(), decode)
        .into_answer();
    let how = Refusal::DoneMessage;
    let errno = Errno::ENOENT;
    assert_eq!(answer, Fact::Known(Answer::Refused { how, errno }));
    assert_eq!(row, None);
}

#[test]
fn no_buffer_space_starts_the_dump_again_without_its_first_rows() {
    let begun = Step::Datagram(vec![socket(1)]);
    let whole = Step::Datagram(vec![socket(2), done(0)]);
    let mut exchange = exchange([begun, Step::Error(Errno::ENOBUFS.0), whole]);
    let fact = exchange.dump(Request::tcp_listeners(), decode).into_rows();
    assert_eq!(fact, Fact::Known(vec![2]));
    assert_eq!((exchange.wire.requests, exchange.wire.reopened), (2, 1));
}

#[test]
fn a_dump_is_not_begun_for_ever() {
    let mut exchange = exchange((0..ATTEMPTS).map(|_| Step::Error(Errno::ENOBUFS.0)));
    let fact = exchange.dump(Request::tcp_listeners(), decode).into_rows();
    assert_eq!(fact, missing(Why::Failed(Errno::ENOBUFS)));
    // The last socket is in the middle of a dump too, so it is not kept either.
    assert_eq!(exchange.wire.reopened, ATTEMPTS);
}

#[test]
fn a_silent_kernel_is_a_time_out_and_leaves_a_fresh_socket() {
    let mut exchange = exchange([Step::Error(11)]);
    let fact = exchange.dump(Request::tcp_listeners(), decode).into_rows();
    let after_ms = SILENCE_MS;
    assert_eq!(fact, missing(Why::TimedOut { after_ms }));
    assert_eq!((exchange.wire.requests, exchange.wire.reopened), (1, 1));
}

#[test]
fn an_interrupted_call_is_made_again() {
    let interrupted = Step::Error(4);
    let whole = Step::Datagram(vec![socket(1), done(0)]);
    assert_eq!(rows([interrupted, whole]), Fact::Known(vec![1]));
}

#[test]
fn another_process_cannot_answer() {
    let forged = Step::Forged(vec![socket(9), done(0)]);
    let whole = Step::Datagram(vec![socket(1), done(0)]);
    assert_eq!(rows([forged, whole]), Fact::Known(vec![1]));
}

#[test]
fn a_reply_that_did_not_fit_is_a_gap() {
    let cut = Step::Cut(vec![socket(1)]);
    let fact = rows([cut, Step::Datagram(vec![done(0)])]);
    assert_eq!(fact.value(), Some(&vec![1]));
    assert!(
        fact.gaps()[0].to_string().contains("was cut to"),
        "{fact:?}"
    );
}

#[test]
fn replies_that_cannot_be_decoded_are_counted_in_one_gap() {
    let odd = || (SOCKET, vec![0; 3]);
    let fact = rows([Step::Datagram(vec![odd(), socket(1), odd(), done(0)])]);
    assert_eq!(fact.value(), Some(&vec![1]));
    let why = "2 in its replies could not be decoded, the first: odd";
    let gap = Gap::malformed("dump of TCP listeners", why);
    assert_eq!(fact.gaps(), [gap]);
}

#[test]
fn a_unix_socket_whose_lookup_fails_is_not_said_to_be_left_out() {
    let listeners = || Step::Datagram(vec![done(0)]);
    let mut silent = exchange([listeners(), Step::Error(11)]);
    let asked = ask_unix(&mut silent, 7);
    assert!(matches!(asked.answer, Fact::Missing(_)), "{asked:?}");

    let mut refused = exchange([listeners(), Step::Datagram(vec![done(-22)])]);
    let answer = ask_unix(&mut refused, 7).answer;
    assert!(matches!(
        answer,
        Fact::Known(Answer::Refused { errno, .. }) if errno == Errno::EINVAL
    ));

    let mut gone = exchange([listeners(), Step::Datagram(vec![done(-2)])]);
    assert_eq!(ask_unix(&mut gone, 7).answer, Fact::Known(Answer::Complete));
}
