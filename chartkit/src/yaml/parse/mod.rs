//! From text to [`Document`]: the only folder that knows the parser library.
//!
//! Decides what text is YAML for chartkit: granit's grammar, corrected where go-yaml differs and the
//! correction is cheap (see `compat.rs`). Must not know what scalars mean.

mod explain;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{
    ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag, options,
};

use self::explain::scan_offset;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Sources, Span};
use crate::yaml::compat::{self, Decoded, Fault};
use crate::yaml::document::{Comment, Document, Kind, NodeData, NodeId, Origin, Properties, Style};
use crate::yaml::error::{ParseError, ParseErrorKind};
use crate::yaml::tabs::{self, TabCheck, Token};

/// How deep collections may be nested: the largest and the default value of
/// [`ParseOptions::max_depth`].
///
/// The deepest real file known to us has 37 levels. Trees of this depth can be walked by recursion
/// on any stack.
pub const MAX_DEPTH: usize = 256;

/// What [`parse`] does and where it stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseOptions {
    /// Keep comments with their places.
    pub comments: bool,
    /// Nested collections allowed; more than [`MAX_DEPTH`] is treated as that.
    pub max_depth: usize,
    /// Bytes of text allowed. The default of 5 MiB is what Helm allows a file of a chart.
    pub max_bytes: usize,
    /// Stop behind the first document, as Go's `Unmarshal` does, and only warn about text there.
    pub first_document_only: bool,
    /// Read the text as if it ended with a line break, which a block scalar on the last line gets.
    pub final_line_break: bool,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self {
            comments: false,
            max_depth: MAX_DEPTH,
            max_bytes: 5 * 1024 * 1024, // Helm v4.2.4, pkg/chart/loader/archive, MaxDecompressedFileSize
            first_document_only: false,
            final_line_break: false,
        }
    }
}

/// The documents of a text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stream {
    /// In the order of the text; none when the text has nothing but comments.
    pub documents: Vec<Document>,
    /// [`Code::IgnoredText`], if [`ParseOptions::first_document_only`] left something out.
    pub diagnostics: Vec<Diagnostic>,
}

/// The documents of a text, or of a part of it.
///
/// Says what was written, not what it means; for that, see [`Document::node`] and
/// [`read`](crate::yaml::read).
///
/// # Shape
///
/// UTF-8, with or without a byte order mark (`Sources` converts UTF-16). Places in the result count
/// bytes of the whole file, even when only `span` of it is parsed.
///
/// # Errors
///
/// What go-yaml's scanner, parser or reader refuses, and the limits of `options`.
///
/// # Examples
///
/// ```
/// use chartkit::source::Sources;
/// use chartkit::yaml::{ParseOptions, parse};
///
/// let mut sources = Sources::new();
/// let file = sources.add("values.yaml", *b"a: 1\n---\nb: 2\n");
/// let stream = parse(&sources, file, None, &ParseOptions::default())?;
/// assert_eq!(stream.documents.len(), 2);
/// # Ok::<(), chartkit::yaml::ParseError>(())
/// ```
///
/// # Source
///
/// go-yaml v2.4.3 and v3.0.4, which share this grammar but for rare cases; the differences left are
/// listed in `fixtures/yaml/differences.json`.
pub fn parse(
    sources: &Sources,
    file: FileId,
    span: Option<Span>,
    options: &ParseOptions,
) -> Result<Stream, ParseError> {
    let origin = Origin {
        file,
        name: Arc::from(sources.name(file)),
        text: Arc::clone(sources.text(file)),
    };
    let span = span.unwrap_or(Span {
        start: 0,
        end: offset(origin.text.len()),
    });
    let bytes = &origin.text[..(span.end as usize).min(origin.text.len())];
    let bytes = bytes.get(span.start as usize..).unwrap_or_default();
    if bytes.len() > options.max_bytes {
        let message = format!(
            "found {} bytes of YAML, expected at most {}",
            bytes.len(),
            options.max_bytes
        );
        let start = Span {
            start: span.start,
            end: span.start,
        };
        return Err(ParseError::new(
            &origin,
            start,
            ParseErrorKind::TooLarge,
            message,
        ));
    }
    match compat::decode(bytes) {
        Ok(text) => parse_text(&origin, &text, span.start, options),
        Err(fault) => Err(fault.into_error(&origin, span.start)),
    }
}

/// Every amendment costs another pass over the text.
const MAX_AMENDMENTS: usize = 16;

fn parse_text(
    origin: &Origin,
    written: &Decoded<'_>,
    base: u32,
    options: &ParseOptions,
) -> Result<Stream, ParseError> {
    let mut amended = Cow::Borrowed(written.text);
    let mut blanked = Vec::new();
    for amendments in 0.. {
        let mut builder = Builder::new(origin, &amended, written, base, options);
        let scan = match builder.run() {
            Ok(()) => {
                let mut stream = builder.stream;
                if let (Some(document), true) = (stream.documents.first_mut(), options.comments) {
                    document.comments.extend(blanked);
                    document.comments.sort_unstable();
                }
                return Ok(stream);
            }
            Err(Failure::Fault(fault)) => return Err(fault.into_error(origin, base)),
            Err(Failure::Scan(scan)) => scan,
        };
        let amendment = builder.amend(&scan);
        match amendment {
            Some(amendment) if amendments < MAX_AMENDMENTS => {
                blanked.extend(amendment.comment);
                amended = Cow::Owned(amendment.text);
            }
            _ => return Err(builder.explain(&scan)),
        }
    }
    unreachable!("the range has no end")
}

/// Text of the same length that means the same and that granit takes.
struct Amendment {
    text: String,
    comment: Option<Comment>,
}

enum Failure {
    Scan(ScanError),
    Fault(Fault),
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Events in, documents out.
struct Builder<'a> {
    origin: &'a Origin,
    /// What granit reads.
    text: &'a str,
    base: u32,
    options: &'a ParseOptions,
    max_depth: usize,
    document: Document,
    open: Vec<Open>,
    /// The nodes that granit's anchor numbers name.
    anchors: BTreeMap<usize, NodeId>,
    /// Where the last node ended or began, so that what stands between it and the next is syntax.
    last_end: usize,
    tabs: TabCheck<'a>,
    /// The [`Decoded::separators`] not yet checked.
    separators: &'a [usize],
    stream: Stream,
}

/// A collection whose end has not come yet.
struct Open {
    node: NodeId,
    kind: Kind,
    flow: bool,
    width: u32,
}

impl<'a> Builder<'a> {
    fn new(
        origin: &'a Origin,
        text: &'a str,
        written: &'a Decoded<'a>,
        base: u32,
        options: &'a ParseOptions,
    ) -> Self {
        Self {
            origin,
            text,
            tabs: TabCheck::new(written.text),
            separators: &written.separators,
            base,
            options,
            max_depth: options.max_depth.min(MAX_DEPTH),
            document: Document {
                // Growing would copy it all several times; real files need half of this.
                nodes: Vec::with_capacity(text.len() / 12),
                texts: String::with_capacity(text.len()),
                ..empty_document(origin)
            },
            open: Vec::new(),
            anchors: BTreeMap::new(),
            last_end: 0,
            stream: Stream {
                documents: Vec::new(),
                diagnostics: Vec::new(),
            },
        }
    }

    fn run(&mut self) -> Result<(), Failure> {
        let options = options! {
            emit_comments: self.options.comments,
            max_buffered_comment_events: usize::MAX, // as many as the text has
            bom_inside_document_as_content: true,
            block_scalar_eof_without_line_feed: !self.options.final_line_break,
            emit_anchor_events: true,
            flow_nesting_limit: self.max_depth,
            block_nesting_limit: self.max_depth,
        };
        let mut parser = Parser::new_from_str_with_options(self.text, options);
        while let Some(next) = parser.next_event() {
            let (event, span) = next?;
            let range = span.byte_range().unwrap_or_default();
            if let Some(tag) = span.tag_span().and_then(|tag| tag.byte_range()) {
                compat::check_tag(self.text, tag)?;
            }
            match event {
                Event::DocumentStart(explicit, _) => self.start_document(range, explicit)?,
                Event::DocumentEnd => {
                    self.tabs.end(self.last_end)?;
                    self.check_separators(range.start)?;
                    self.end_document();
                    if self.options.first_document_only {
                        self.warn_about_rest(range.end);
                        return Ok(());
                    }
                }
                Event::Scalar(text, style, _, tag) => {
                    self.scalar(&text, style, tag, range, span.indent)?;
                }
                Event::SequenceStart(style, _, tag) => {
                    self.start_collection(Kind::Sequence, style, tag, range)?;
                }
                Event::MappingStart(style, _, tag) => {
                    self.start_collection(Kind::Mapping, style, tag, range)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end_collection(range)?,
                Event::Anchor(id, _) => self.anchor(id, range)?,
                Event::Alias(id) => self.alias(id, range)?,
                Event::Comment(..) => {
                    let span = self.span(range.start, range.end);
                    self.document.comments.push(Comment { span });
                }
                _ => {}
            }
        }
        self.check_separators(self.text.len())?;
        if self.stream.documents.is_empty() {
            compat::check_no_document(self.text)?;
            self.tabs.end(0)?;
        }
        // Comments behind the last document belong to it.
        if let Some(last) = self.stream.documents.last_mut() {
            last.comments.append(&mut self.document.comments);
        }
        Ok(())
    }

    fn start_document(&mut self, range: Range<usize>, explicit: bool) -> Result<(), Fault> {
        let is_first = self.stream.documents.is_empty();
        compat::check_prefix(self.text, self.last_end..range.start, is_first)?;
        self.check_separators(range.start)?;
        if explicit {
            self.last_end = range.end;
            self.tabs.token(range, Token::Other, false)?;
        } else if !is_first {
            let message = "found text behind the end of a document, expected `---` before it";
            return Err(Fault::new(range, ParseErrorKind::Syntax, message));
        }
        Ok(())
    }

    /// Takes out of granit's way what go-yaml takes.
    fn amend(&self, scan: &ScanError) -> Option<Amendment> {
        let at = scan_offset(scan, self.text);
        match scan.kind() {
            // A comment without a blank before it, as in `'x'# c`, is as good as blanks.
            ErrorKind::CommentNotSeparated if self.text[at..].starts_with('#') => {
                let length = self.text[at..].find(['\n', '\r']);
                let end = length.map_or(self.text.len(), |length| at + length);
                let mut text = self.text.to_owned();
                text.replace_range(at..end, &" ".repeat(end - at));
                let comment = Comment {
                    span: self.span(at, end),
                };
                Some(Amendment {
                    text,
                    comment: Some(comment),
                })
            }
            // Inside brackets, a tab is as good as a blank.
            kind if explain::is_about_tab(kind) => {
                let outermost = self.open.iter().find(|open| open.flow)?;
                let start = self.document.nodes[outermost.node.index()].span.start - self.base;
                let text = tabs::untab_brackets(self.text, start as usize)?;
                Some(Amendment {
                    text,
                    comment: None,
                })
            }
            _ => None,
        }
    }

    /// Refuses line separators up to `end` where go-yaml breaks lines and granit does not.
    fn check_separators(&mut self, end: usize) -> Result<(), Fault> {
        let count = self.separators.iter().take_while(|at| **at < end).count();
        let (due, rest) = self.separators.split_at(count);
        self.separators = rest;
        for at in due {
            let byte = self.base + offset(*at);
            let behind = self
                .document
                .nodes
                .partition_point(|node| node.span.start <= byte);
            let node = behind
                .checked_sub(1)
                .map(|index| &self.document.nodes[index]);
            let is_quoted = node.is_some_and(|node| {
                matches!(node.style, Style::SingleQuoted | Style::DoubleQuoted)
                    && byte < node.span.end
            });
            compat::check_separator(self.text, *at, is_quoted)?;
        }
        Ok(())
    }

    fn end_document(&mut self) {
        let document = std::mem::replace(&mut self.document, empty_document(self.origin));
        self.stream.documents.push(document);
        self.anchors.clear();
    }

    fn warn_about_rest(&mut self, end: usize) {
        if let Some(rest) = compat::content_behind(self.text, end.max(self.last_end)) {
            let diagnostic = Diagnostic::warning(
                Code::IgnoredText,
                "found text behind the first document, which Helm ignores",
            )
            .at(self.origin.file, self.span(rest.start, rest.end), "ignored");
            self.stream.diagnostics.push(diagnostic);
        }
    }

    fn scalar(
        &mut self,
        mut text: &str,
        style: ScalarStyle,
        tag: Option<Cow<'_, Tag>>,
        mut range: Range<usize>,
        indent: Option<usize>,
    ) -> Result<(), Fault> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        match style {
            // granit says `~` for a value that was left out, and points before the `:`.
            Style::Plain if range.is_empty() => {
                text = "";
                if self.expects_value() {
                    let colon = self.text[range.start..].trim_start_matches([' ', '\t']);
                    if colon.starts_with(':') {
                        range.start = self.text.len() - colon.len() + 1;
                        range.end = range.start;
                    }
                }
            }
            Style::Plain if self.is_in_flow() => {
                compat::check_flow_scalar(self.text, range.clone(), self.expects_key())?;
            }
            Style::DoubleQuoted => compat::check_escapes(self.text, range.clone())?,
            // granit's range is that of the content.
            Style::Literal | Style::Folded => {
                let content = range.end;
                range.start = self.indicator(content, |b| matches!(b, b'|' | b'>'));
                let blanks = [' ', '\t', '\n', '\r'];
                range.end = range.start
                    + self.text[range.start..content]
                        .trim_end_matches(blanks)
                        .len();
            }
            _ => {}
        }
        let token = match style {
            Style::Plain => Token::Plain {
                column: self.block_column(),
            },
            Style::Literal | Style::Folded => Token::Block { indent },
            _ => Token::Other,
        };
        if !range.is_empty() {
            self.tabs.token(range.clone(), token, self.is_in_flow())?;
        }
        let first = offset(self.document.texts.len());
        self.document.texts.push_str(text);
        let second = offset(self.document.texts.len());
        self.last_end = range.end;
        self.add(Kind::Scalar, style, range, tag, (first, second));
        Ok(())
    }

    fn start_collection(
        &mut self,
        kind: Kind,
        style: StructureStyle,
        tag: Option<Cow<'_, Tag>>,
        mut range: Range<usize>,
    ) -> Result<(), Fault> {
        if self.open.len() >= self.max_depth {
            let message = format!("found more than {} nested collections", self.max_depth);
            return Err(Fault::new(range, ParseErrorKind::TooDeep, message));
        }
        let flow = style == StructureStyle::Flow;
        if kind == Kind::Sequence && !flow && self.expects_value() {
            // A sequence that is not indented begins behind its first `-` for granit.
            range.start = self.indicator(range.start + 1, |b| b == b'-');
        }
        self.last_end = range.start;
        // The pair in `[a: b]` has no bracket of its own.
        if flow && !range.is_empty() {
            self.last_end = range.end;
            self.tabs
                .token(range.clone(), Token::Other, self.is_in_flow())?;
        }
        let style = if flow { Style::Flow } else { Style::Block };
        let node = self.add(kind, style, range, tag, (0, 0));
        self.open.push(Open {
            node,
            kind,
            flow,
            width: 0,
        });
        Ok(())
    }

    fn end_collection(&mut self, range: Range<usize>) -> Result<(), Fault> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        if open.flow && !range.is_empty() {
            self.last_end = range.end;
            self.tabs.token(range, Token::Other, true)?;
        }
        let second = offset(self.document.nodes.len());
        let end = self.base + offset(self.last_end);
        let data = &mut self.document.nodes[open.node.index()];
        data.span.end = end;
        data.first = open.width;
        data.second = second;
        Ok(())
    }

    fn alias(&mut self, id: usize, range: Range<usize>) -> Result<(), Fault> {
        compat::check_anchor(self.text, range.clone())?;
        self.tabs
            .token(range.clone(), Token::Other, self.is_in_flow())?;
        // granit refuses aliases without an anchor, so that there is always one.
        let target = self.anchors.get(&id).map_or(0, |target| target.0);
        self.last_end = range.end;
        self.add(Kind::Alias, Style::Plain, range, None, (target, 0));
        Ok(())
    }

    /// Comes right behind the node that the anchor marks.
    fn anchor(&mut self, id: usize, range: Range<usize>) -> Result<(), Fault> {
        compat::check_anchor(self.text, range.clone())?;
        let Some(last) = self.document.nodes.len().checked_sub(1) else {
            return Ok(());
        };
        let node = NodeId(offset(last));
        self.anchors.insert(id, node);
        self.properties(node).anchor = Some(self.span(range.start, range.end));
        Ok(())
    }

    fn add(
        &mut self,
        kind: Kind,
        style: Style,
        range: Range<usize>,
        tag: Option<Cow<'_, Tag>>,
        (first, second): (u32, u32),
    ) -> NodeId {
        let node = NodeId(offset(self.document.nodes.len()));
        let (mut is_key, mut in_flow) = (false, false);
        if let Some(parent) = self.open.last_mut() {
            is_key = parent.kind == Kind::Mapping && parent.width % 2 == 0;
            in_flow = parent.flow;
            parent.width += 1;
        }
        self.document.nodes.push(NodeData {
            kind,
            style,
            is_key,
            in_flow,
            has_properties: false,
            span: self.span(range.start, range.end),
            first,
            second,
        });
        if let Some(tag) = tag {
            let tag = [tag.handle(), tag.suffix()].concat();
            self.properties(node).tag = Some(tag.into_boxed_str());
        }
        node
    }

    fn properties(&mut self, node: NodeId) -> &mut Properties {
        let properties = &mut self.document.properties;
        if properties.last().is_none_or(|last| last.node != node) {
            self.document.nodes[node.index()].has_properties = true;
            properties.push(Properties {
                node,
                anchor: None,
                tag: None,
            });
        }
        properties
            .last_mut()
            .expect("one was pushed if there was none")
    }

    fn expects_key(&self) -> bool {
        let parent = self.open.last();
        parent.is_some_and(|open| open.kind == Kind::Mapping && open.width % 2 == 0)
    }

    /// Whether the next node is the value of an entry.
    fn expects_value(&self) -> bool {
        let parent = self.open.last();
        parent.is_some_and(|open| open.kind == Kind::Mapping && open.width % 2 == 1)
    }

    fn is_in_flow(&self) -> bool {
        self.open.last().is_some_and(|open| open.flow)
    }

    /// Up to which column a tab would be indentation of an unquoted scalar; 0 if nobody asks.
    fn block_column(&self) -> usize {
        if !self.tabs.has_tabs() {
            return 0;
        }
        let Some(block) = self.open.iter().rev().find(|open| !open.flow) else {
            return 0;
        };
        let start = self.document.nodes[block.node.index()].span.start - self.base;
        let before = &self.text[..start as usize];
        let line = before
            .rfind(['\n', '\r'])
            .map_or(0, |line_break| line_break + 1);
        before[line..].chars().count() + 1
    }

    /// Where a block node's own indicator stands: the first byte wanted between the node before it
    /// and `end`. Only indicators, tags, anchors, blanks and comments can stand there.
    fn indicator(&self, end: usize, wanted: fn(u8) -> bool) -> usize {
        let end = end.min(self.text.len());
        let bytes = &self.text.as_bytes()[..end];
        let skip = |at: usize, stop: fn(&u8) -> bool| {
            let length = bytes[at..].iter().position(stop);
            length.map_or(end, |length| at + length)
        };
        let mut at = self.last_end;
        while let Some(byte) = bytes.get(at) {
            at = match byte {
                b'#' => skip(at, |b| matches!(b, b'\n' | b'\r')),
                b'&' | b'!' => skip(at, u8::is_ascii_whitespace),
                b if wanted(*b) => return at,
                _ => at + 1,
            };
        }
        end
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            start: self.base + offset(start),
            end: self.base + offset(end),
        }
    }
}

fn empty_document(origin: &Origin) -> Document {
    Document {
        origin: origin.clone(),
        nodes: Vec::new(),
        texts: String::new(),
        properties: Vec::new(),
        comments: Vec::new(),
    }
}

fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
