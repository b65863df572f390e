//! The tar format, as far as Go reads it.
//!
//! Decides where an entry begins and what it is called, and nothing about charts. Not the `tar`
//! crate: that reads extension headers of any size into memory (a bomb), looks for data behind
//! links, and lets the next header's place depend on which of two sizes it believes.
//!
//! # Source
//!
//! Go 1.26, `archive/tar`. DIFFERENCE: sparse entries are refused.

use std::collections::BTreeMap;
use std::io::{self, Read};

use crate::time::Timestamp;

const BLOCK: usize = 512;
/// Bytes of an extension header; Go's `maxSpecialFileSize`.
const MAX_EXTENSION: u64 = 1 << 20;

/// Reads the entries of an archive one after the other; [`Read`] gives the data of the last one.
pub(super) struct Reader<R> {
    input: R,
    /// Bytes of the current entry that nobody has read yet.
    remaining: u64,
    /// Bytes from the end of the current entry to the next header.
    padding: u64,
}

/// What a header says.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) is_directory: bool,
    /// A header for all following entries, no file.
    pub(super) is_global_header: bool,
    /// Bytes that the header promises; more than there are for links and devices.
    pub(super) size: u64,
    pub(super) modified: Timestamp,
}

/// The bytes are not an archive.
#[derive(Debug, thiserror::Error)]
pub(super) enum TarError {
    #[error("invalid tar header")]
    Header,
    #[error("tar extension header is larger than 1048576 bytes")]
    ExtensionTooLarge,
    #[error("sparse tar entries are not supported")]
    Sparse,
    #[error("unexpected end of the tar archive")]
    Truncated,
    #[error(transparent)]
    Input(#[from] io::Error),
}

/// What extension headers say about the entry behind them.
#[derive(Default)]
struct Extensions {
    long_name: Option<String>,
    /// The data of the last PAX header; what its values mean is asked only when an entry follows.
    records: Vec<u8>,
}

/// The records of a PAX header that matter to a reader of files.
#[derive(Default)]
struct Records {
    path: Option<String>,
    size: Option<u64>,
    modified: Option<Timestamp>,
    is_sparse: bool,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            remaining: 0,
            padding: 0,
        }
    }

    /// The next entry, after skipping what is left of the last one.
    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>, TarError> {
        let mut extensions = Extensions::default();
        loop {
            let left = self.remaining;
            if io::copy(&mut self.by_ref().take(left), &mut io::sink())? < left {
                return Err(TarError::Truncated);
            }
            let padding = std::mem::take(&mut self.padding);
            if io::copy(&mut self.input.by_ref().take(padding), &mut io::sink())? < padding {
                return Ok(None);
            }
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            self.expect_data(header.kind, header.size);
            match header.kind {
                b'x' => {
                    extensions.records = self.extension(header.size)?;
                    records(&extensions.records)?; // broken ones are an error here
                }
                b'g' => {
                    records(&self.extension(header.size)?)?; // well-formed, otherwise unused
                    return Ok(Some(Entry {
                        name: header.name,
                        is_directory: false,
                        is_global_header: true,
                        size: 0,
                        modified: header.modified,
                    }));
                }
                b'L' => extensions.long_name = Some(text(&self.extension(header.size)?)),
                b'K' => drop(self.extension(header.size)?),
                _ => return self.entry(header, extensions).map(Some),
            }
        }
    }

    /// Whether the current entry promises more bytes; after reading to its end: than there are.
    pub(super) fn is_cut_short(&self) -> bool {
        self.remaining > 0
    }

    fn entry(&mut self, header: Header, extensions: Extensions) -> Result<Entry, TarError> {
        let Extensions { long_name, records } = extensions;
        let records = Records::parse(&records)?;
        if header.kind == b'S' || records.is_sparse {
            return Err(TarError::Sparse);
        }
        let name = long_name
            .filter(|name| !name.is_empty())
            .or(records.path)
            .unwrap_or(header.name);
        let size = records.size.unwrap_or(header.size);
        // Archives before POSIX mark a directory only by its name.
        let is_old_directory = header.kind == 0 && name.ends_with('/');
        let kind = if is_old_directory { b'5' } else { header.kind };
        self.expect_data(kind, size);
        Ok(Entry {
            is_directory: kind == b'5' || header.is_directory_mode,
            is_global_header: false,
            size,
            modified: records.modified.unwrap_or(header.modified),
            name,
        })
    }

    /// Links, devices and directories have no data, whatever their size says.
    fn expect_data(&mut self, kind: u8, size: u64) {
        let size = if (b'1'..=b'6').contains(&kind) {
            0
        } else {
            size
        };
        self.remaining = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    fn header(&mut self) -> Result<Option<Header>, TarError> {
        let Some(block) = self.block()? else {
            return Ok(None);
        };
        if block != [0; BLOCK] {
            return Header::parse(&block).map(Some);
        }
        // Two blocks of zeros end an archive, and so does one at the end of the input.
        match self.block()? {
            Some(block) if block != [0; BLOCK] => Err(TarError::Header),
            _ => Ok(None),
        }
    }

    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match self.input.read(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(TarError::Truncated),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(block))
    }

    fn extension(&mut self, size: u64) -> Result<Vec<u8>, TarError> {
        if size > MAX_EXTENSION {
            return Err(TarError::ExtensionTooLarge);
        }
        let mut data = Vec::new();
        self.read_to_end(&mut data)?;
        if self.remaining > 0 {
            return Err(TarError::Truncated);
        }
        Ok(data)
    }
}

/// The data of the current entry; ends early when the input does.
impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.by_ref().take(self.remaining).read(buffer)?;
        self.remaining -= count as u64;
        Ok(count)
    }
}

struct Header {
    name: String,
    kind: u8,
    is_directory_mode: bool,
    size: u64,
    modified: Timestamp,
}

impl Header {
    fn parse(block: &[u8; BLOCK]) -> Result<Self, TarError> {
        let sum = octal(&block[148..156])?;
        let (unsigned, signed) = checksums(block);
        if sum != unsigned && sum != signed {
            return Err(TarError::Header);
        }
        for number in [100..108, 108..116, 116..124] {
            numeric(&block[number])?; // mode, user and group must be numbers
        }
        let name = text(&block[..100]);
        let prefix = prefix(block)?;
        Ok(Self {
            name: if prefix.is_empty() {
                name
            } else {
                format!("{prefix}/{name}")
            },
            kind: block[156],
            is_directory_mode: numeric(&block[100..108])? & !0o7777 == 0o040_000,
            size: u64::try_from(numeric(&block[124..136])?).map_err(|_| TarError::Header)?,
            modified: Timestamp::from_unix(numeric(&block[136..148])?, 0),
        })
    }
}

/// The sums of unsigned and of signed bytes, the checksum itself counted as spaces.
fn checksums(block: &[u8; BLOCK]) -> (i64, i64) {
    let bytes = block.iter().enumerate().map(|(i, byte)| match i {
        148..156 => b' ',
        _ => *byte,
    });
    bytes.fold((0, 0), |(unsigned, signed), byte| {
        (
            unsigned + i64::from(byte),
            signed + i64::from(byte.cast_signed()),
        )
    })
}

/// The front part of a long name, where the header's variety has one.
fn prefix(block: &[u8; BLOCK]) -> Result<String, TarError> {
    let magic = &block[257..265];
    let is_ustar = magic.starts_with(b"ustar\0");
    let is_gnu = magic == b"ustar  \0";
    if is_ustar || is_gnu {
        numeric(&block[329..337])?; // device numbers
        numeric(&block[337..345])?;
    }
    if is_gnu {
        // Go before 1.8 wrote a prefix where GNU has times; a prefix is no number.
        let times = [&block[345..357], &block[357..369]];
        let is_prefix = times.iter().any(|t| t[0] != 0 && numeric(t).is_err());
        let prefix = text(&block[345..500]);
        return Ok(if is_prefix && prefix.is_ascii() {
            prefix
        } else {
            String::new()
        });
    }
    if is_ustar && &block[508..] == b"tar\0" {
        numeric(&block[476..488])?; // the times of star
        numeric(&block[488..500])?;
        return Ok(text(&block[345..476]));
    }
    Ok(if is_ustar {
        text(&block[345..500])
    } else {
        String::new()
    })
}

/// The text before the first NUL. Names that are not UTF-8 lose the bytes that are not.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&field[..end.unwrap_or(field.len())]).into_owned()
}

/// A number in octal digits or, with the top bit set, in two's complement.
fn numeric(field: &[u8]) -> Result<i64, TarError> {
    if field[0] & 0x80 == 0 {
        return octal(field);
    }
    let negative = field[0] & 0x40 != 0;
    let mut value: u64 = 0;
    for (i, byte) in field.iter().enumerate() {
        let byte = if negative { !byte } else { *byte };
        let byte = if i == 0 { byte & 0x7F } else { byte };
        if value >> 56 != 0 {
            return Err(TarError::Header);
        }
        value = value << 8 | u64::from(byte);
    }
    let value = i64::try_from(value).map_err(|_| TarError::Header)?;
    Ok(if negative { !value } else { value })
}

fn octal(field: &[u8]) -> Result<i64, TarError> {
    let is_filler = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !is_filler(byte));
    let Some(start) = start else { return Ok(0) };
    let end = field.iter().rposition(|byte| !is_filler(byte));
    let digits = &field[start..=end.unwrap_or(start)];
    let digits = digits.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut value: i64 = 0; // 12 octal digits have 36 bits
    for digit in digits {
        let digit = char::from(*digit).to_digit(8).ok_or(TarError::Header)?;
        value = value << 3 | i64::from(digit);
    }
    Ok(value)
}

impl Records {
    fn parse(data: &[u8]) -> Result<Self, TarError> {
        let mut parsed = Self::default();
        for (key, value) in records(data)? {
            parsed.set(key, value)?;
        }
        Ok(parsed)
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarError> {
        self.is_sparse |= key.starts_with(b"GNU.sparse.");
        // An empty record says: as in the header.
        let filled = (!value.is_empty()).then_some(value);
        match key {
            b"path" => self.path = filled.map(text),
            b"size" => {
                let size = filled.map(decimal).transpose()?.map(u64::try_from);
                self.size = size.transpose().map_err(|_| TarError::Header)?;
            }
            b"mtime" => self.modified = filled.map(pax_time).transpose()?,
            b"atime" | b"ctime" => drop(filled.map(pax_time).transpose()?),
            b"uid" | b"gid" => drop(filled.map(decimal).transpose()?),
            _ => {}
        }
        Ok(())
    }
}

/// Lines of the form `25 ctime=1084839148.1212\n`; the number counts the whole line. Of several
/// with the same key the last one counts.
fn records(mut data: &[u8]) -> Result<BTreeMap<&[u8], &[u8]>, TarError> {
    let mut records = BTreeMap::new();
    while !data.is_empty() {
        let (key, value, rest) = record(data).ok_or(TarError::Header)?;
        let is_text = matches!(key, b"path" | b"linkpath" | b"uname" | b"gname");
        let checked = if is_text { value } else { key };
        if key.is_empty() || checked.contains(&0) {
            return Err(TarError::Header);
        }
        records.insert(key, value);
        data = rest;
    }
    Ok(records)
}

fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = data.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&data[..space]).ok()?).ok()?;
    if length < 5 || length > data.len() || length <= space + 1 {
        return None;
    }
    let line = data[space + 1..length].strip_suffix(b"\n")?;
    let equals = line.iter().position(|byte| *byte == b'=')?;
    Some((&line[..equals], &line[equals + 1..], &data[length..]))
}

fn decimal(field: &[u8]) -> Result<i64, TarError> {
    let text = str::from_utf8(field).map_err(|_| TarError::Header)?;
    text.parse().map_err(|_| TarError::Header)
}

/// Seconds and a fraction; digits behind the ninth do not count.
fn pax_time(field: &[u8]) -> Result<Timestamp, TarError> {
    let point = field.iter().position(|byte| *byte == b'.');
    let (seconds, fraction) = field.split_at(point.unwrap_or(field.len()));
    let seconds = decimal(seconds)?;
    let fraction = fraction.get(1..).unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return Err(TarError::Header);
    }
    let nine = fraction.iter().chain(std::iter::repeat(&b'0')).take(9);
    let nanoseconds = nine.fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    if field.starts_with(b"-") && nanoseconds > 0 {
        // -1.25 is a quarter of a second before -1.
        return Ok(Timestamp::from_unix(
            seconds.saturating_sub(1),
            1_000_000_000 - nanoseconds,
        ));
    }
    Ok(Timestamp::from_unix(seconds, nanoseconds))
}
