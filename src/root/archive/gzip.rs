//! A gzip stream of any number of members. `gzip -t` takes zeros behind the last for padding
//! (get_method, gzip.c), which tapes and block devices leave, and nothing else.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};

/// Unpacks a stream.
pub(super) struct Gzip<R> {
    /// `None` only while one takes the place of another.
    member: Option<GzDecoder<R>>,
    /// Zeros were met behind a member.
    padded: bool,
}

impl<R: BufRead> Gzip<R> {
    pub(super) fn new(packed: R) -> Self {
        Gzip {
            member: Some(GzDecoder::new(packed)),
            padded: false,
        }
    }

    /// False at the end of the stream. May be called again after an error: a read can be
    /// interrupted.
    fn next_member(&mut self) -> io::Result<bool> {
        while let Some(member) = &mut self.member {
            let rest = member.get_mut().fill_buf()?;
            let length = rest.len();
            match rest.iter().position(|&byte| byte != 0) {
                Some(0) if !self.padded => break,
                Some(_) => {
                    let why = "something follows the zeros behind a gzip stream";
                    return Err(io::Error::other(why));
                }
                None if length == 0 => return Ok(false),
                None => {
                    self.padded = true;
                    member.get_mut().consume(length);
                }
            }
        }
        let packed = self.member.take().map(GzDecoder::into_inner);
        self.member = packed.map(GzDecoder::new);
        Ok(true)
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty()
            && let Some(member) = &mut self.member
        {
            match member.read(buffer)? {
                0 if !self.next_member()? => break,
                0 => {}
                read => return Ok(read),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::{BufReader, Write};

    /// Gives one byte at a time, and is interrupted before each and before its end.
    struct Slow<'a> {
        left: &'a [u8],
        interrupted: bool,
    }

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.interrupted = !self.interrupted;
            match self.interrupted {
                true => Err(io::ErrorKind::Interrupted.into()),
                false => self.left.read(&mut buffer[..1]),
            }
        }
    }

    fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
        let slow = Slow {
            left: packed,
            interrupted: true,
        };
        let mut bytes = Vec::new();
        let read = Gzip::new(BufReader::new(slow)).read_to_end(&mut bytes);
        read.map(|_| bytes)
    }

    #[test]
    fn an_interrupted_read_is_neither_the_end_nor_the_start_of_a_member() {
        let mut member = GzEncoder::new(Vec::new(), Compression::fast());
        member.write_all(b"ab").expect("packed");
        let member = member.finish().expect("packed");
        let twice = [&*member, &member].concat();
        assert_eq!(unpacked(&twice).expect("whole"), b"abab");
        let padded = [&*twice, &[0; 9]].concat();
        assert_eq!(unpacked(&padded).expect("whole"), b"abab");
        for rest in [&*member, b"x"] {
            let refused = unpacked(&[&*padded, rest].concat()).expect_err("damaged");
            assert_eq!(refused.kind(), io::ErrorKind::Other);
        }
    }
}
