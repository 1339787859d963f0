//! A zstd stream of any number of frames, checked against their checksums.

use super::Refused;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, Read};

/// Unpacks `packed`. The window of a frame is at most 128 MiB, as for `zstd -d`.
pub(super) struct Zstd<R> {
    packed: Ended<R>,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(packed: R) -> Self {
        Zstd {
            packed: Ended {
                inner: packed,
                ended: false,
            },
            decoder: FrameDecoder::new(),
            in_frame: false,
        }
    }

    /// False at the end of the stream.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.packed.inner.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => self.skip(u64::from(length))?,
                Err(error) => return Err(self.error(error)),
            }
        }
        Ok(false)
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.packed).take(length), &mut io::sink())?;
        if skipped < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn decode(&mut self) -> io::Result<()> {
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            let decoded = self.decoder.decode_blocks(&mut self.packed, one);
            decoded.map_err(|error| self.error(error))?;
        }
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        match self.decoder.get_checksum_from_data() {
            Some(sum) if self.decoder.get_calculated_checksum() != Some(sum) => {
                Err(io::Error::other("wrong checksum of a zstd frame"))
            }
            _ => Ok(()),
        }
    }

    fn error(&self, error: FrameDecoderError) -> io::Error {
        if self.packed.ended {
            return io::ErrorKind::UnexpectedEof.into();
        }
        match error {
            FrameDecoderError::WindowSizeTooBig { max, .. } => {
                let what = format!("a zstd window of more than {max} bytes");
                io::Error::other(Refused::limit(what))
            }
            error => io::Error::other(error),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            if !self.in_frame {
                self.in_frame = self.next_frame()?;
                if !self.in_frame {
                    return Ok(0);
                }
            }
            self.decode()?;
            match self.decoder.read(buffer)? {
                0 => {
                    self.check()?;
                    self.in_frame = false;
                }
                read => return Ok(read),
            }
        }
        Ok(0)
    }
}

/// Notes whether more was wanted than there was: the decoder says so in too many ways.
struct Ended<R> {
    inner: R,
    ended: bool,
}

impl<R: Read> Read for Ended<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.ended |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}
