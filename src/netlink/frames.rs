//! A datagram of netlink messages, taken apart.

use netlink_packet_core::{
    DoneBuffer, ErrorBuffer, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NetlinkBuffer,
};
use sockdoctor_checks::facts::{Answer, Errno, Refusal};

/// Messages start at multiples of this (NLMSG_ALIGNTO).
const ALIGNMENT: usize = 4;

/// What one message says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// One socket.
    Socket(&'a [u8]),
    /// Nothing more comes.
    End(Answer),
}

/// The messages of one datagram that answer one request. A message that makes no sense is an
/// error with the reason; where the next message would start is unknown after a wrong length,
/// so that ends the datagram.
#[derive(Debug)]
pub(super) struct Frames<'a> {
    rest: &'a [u8],
    kind: u16,
    sequence: u32,
}

impl<'a> Frames<'a> {
    /// The messages in `datagram` of type `kind` with the number of the request.
    pub(super) fn new(datagram: &'a [u8], kind: u16, sequence: u32) -> Self {
        Frames {
            rest: datagram,
            kind,
            sequence,
        }
    }

    fn read(&self, message: &NetlinkBuffer<&'a [u8]>) -> Option<Result<Frame<'a>, String>> {
        // A late reply to a request that was given up.
        if message.sequence_number() != self.sequence {
            return None;
        }
        let payload = message.payload();
        match message.message_type() {
            kind if kind == self.kind => Some(Ok(Frame::Socket(payload))),
            NLMSG_NOOP => None,
            NLMSG_ERROR => Some(error(payload)),
            NLMSG_DONE => Some(done(payload)),
            kind => Some(Err(format!("a message of type {kind}"))),
        }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let message = match NetlinkBuffer::new_checked(self.rest) {
                Ok(message) => message,
                Err(error) => {
                    self.rest = &[];
                    return Some(Err(error.to_string()));
                }
            };
            let length = (message.length() as usize).next_multiple_of(ALIGNMENT);
            self.rest = self.rest.get(length..).unwrap_or_default();
            if let Some(frame) = self.read(&message) {
                return Some(frame);
            }
        }
        None
    }
}

/// NLMSG_ERROR: code 0 is the acknowledgement that was asked for.
fn error<'a>(payload: &[u8]) -> Result<Frame<'a>, String> {
    let buffer = ErrorBuffer::new_checked(payload).map_err(|error| error.to_string())?;
    let code = buffer.code().map_or(0, std::num::NonZero::get);
    Ok(end(code, Refusal::ErrorMessage))
}

/// NLMSG_DONE: a negative code refuses the dump. It is how a missing tcp_diag shows: inet_diag
/// has begun the dump when it looks for the protocol (inet_diag_lock_handler).
fn done<'a>(payload: &[u8]) -> Result<Frame<'a>, String> {
    let buffer = DoneBuffer::new_checked(payload).map_err(|error| error.to_string())?;
    Ok(end(buffer.code(), Refusal::DoneMessage))
}

fn end<'a>(code: i32, how: Refusal) -> Frame<'a> {
    Frame::End(if code < 0 {
        let errno = Errno(code.saturating_neg());
        Answer::Refused { how, errno }
    } else {
        Answer::Complete
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One message: header and payload, padded.
    fn message(kind: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(16 + payload.len()).unwrap();
        let mut bytes = Vec::new();
        bytes.extend(length.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0, 0]);
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
        bytes
    }

    fn only(datagram: &[u8]) -> Result<Frame<'_>, String> {
        let mut frames = Frames::new(datagram, 20, 7);
        let first = frames.next().unwrap();
        assert!(frames.next().is_none());
        first
    }

    fn refused(how: Refusal, errno: Errno) -> Result<Frame<'static>, String> {
        Ok(Frame::End(Answer::Refused { how, errno }))
    }

    #[test]
    fn a_done_message_with_a_negative_payload_is_a_refusal() {
        let datagram = message(NLMSG_DONE, 7, &(-2_i32).to_ne_bytes());
        let expected = refused(Refusal::DoneMessage, Errno::ENOENT);
        assert_eq!(only(&datagram), expected);
    }

    #[test]
    fn an_error_message_is_a_refusal() {
        let datagram = message(NLMSG_ERROR, 7, &(-95_i32).to_ne_bytes());
        let expected = refused(Refusal::ErrorMessage, Errno::EOPNOTSUPP);
        assert_eq!(only(&datagram), expected);
    }

    #[test]
    fn done_and_acknowledgement_complete() {
        for kind in [NLMSG_DONE, NLMSG_ERROR] {
            let datagram = message(kind, 7, &[0; 4]);
            assert_eq!(only(&datagram), Ok(Frame::End(Answer::Complete)));
        }
    }

    #[test]
    fn the_smallest_code_does_not_overflow() {
        let datagram = message(NLMSG_DONE, 7, &i32::MIN.to_ne_bytes());
        let expected = refused(Refusal::DoneMessage, Errno(i32::MAX));
        assert_eq!(only(&datagram), expected);
    }

    #[test]
    fn the_end_may_share_a_datagram_with_sockets() {
        let mut datagram = message(20, 7, b"abc");
        datagram.extend(message(NLMSG_DONE, 7, &[0; 4]));
        let frames: Vec<_> = Frames::new(&datagram, 20, 7).collect();
        let expected = [Ok(Frame::Socket(b"abc")), Ok(Frame::End(Answer::Complete))];
        assert_eq!(frames, expected);
    }

    #[test]
    fn replies_to_another_request_are_passed_over() {
        let mut datagram = message(20, 6, b"late");
        datagram.extend(message(20, 7, b"mine"));
        assert_eq!(only(&datagram), Ok(Frame::Socket(b"mine")));
    }

    #[test]
    fn a_message_of_another_type_is_reported() {
        let datagram = message(99, 7, b"");
        assert_eq!(only(&datagram), Err("a message of type 99".to_owned()));
    }

    #[test]
    fn a_cut_datagram_yields_its_whole_messages_and_an_error() {
        let mut datagram = message(20, 7, b"whole");
        datagram.extend(&message(20, 7, b"cut off")[..18]);
        let frames: Vec<_> = Frames::new(&datagram, 20, 7).collect();
        assert_eq!(frames[0], Ok(Frame::Socket(b"whole")));
        assert!(frames[1].is_err());
        assert_eq!(frames.len(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_end_without_a_panic(datagram in prop::collection::vec(any::<u8>(), 0..256)) {
            let frames = Frames::new(&datagram, 20, 7).count();
            prop_assert!(frames <= datagram.len() / 16 + 1);
        }
    }
}
