//! The text written so far, and where its end is.

/// Where a [`Writer`] writes to.
pub(crate) trait Sink: Default {
    /// Adds text.
    fn add(&mut self, text: &str);
}

impl Sink for String {
    fn add(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// Appends to a text and knows its last column.
///
/// The two flags are libyaml's, so that blanks and line breaks come out as there.
pub(crate) struct Writer<S = String> {
    out: S,
    /// Characters in the last line.
    column: usize,
    /// Whether what comes next needs no blank before it.
    whitespace: bool,
    /// Whether the last line has nothing but indentation, `-`, `?` and `:`.
    indentation: bool,
}

impl<S: Sink> Writer<S> {
    /// An empty text whose first line starts in a column.
    pub(crate) fn new(column: usize) -> Self {
        Self {
            out: S::default(),
            column,
            whitespace: true,
            indentation: true,
        }
    }

    pub(crate) fn finish(self) -> S {
        self.out
    }

    pub(crate) fn column(&self) -> usize {
        self.column
    }

    pub(crate) fn in_indentation(&self) -> bool {
        self.indentation
    }

    /// Goes to a column, on a new line unless the last one has nothing but indentation.
    pub(crate) fn indent(&mut self, column: usize) {
        self.start_line(column);
        self.fill(column);
    }

    /// Ends the last line unless it has nothing but indentation, up to `column` at most.
    pub(crate) fn start_line(&mut self, column: usize) {
        let behind = self.column > column || (self.column == column && !self.whitespace);
        if !self.indentation || behind {
            self.line_break('\n');
        }
    }

    /// Goes to a column of the last line.
    pub(crate) fn fill(&mut self, column: usize) {
        while self.column < column {
            self.put(' ');
        }
        self.whitespace = true;
    }

    /// `\n`, or one of the line breaks that YAML 1.1 knows besides.
    pub(crate) fn line_break(&mut self, char: char) {
        self.out.add(char.encode_utf8(&mut [0; 4]));
        self.column = 0;
        self.indentation = true;
    }

    /// Ends the header of a block scalar.
    pub(crate) fn start_block(&mut self) {
        self.line_break('\n');
        self.whitespace = true;
    }

    /// A character of a scalar.
    pub(crate) fn char(&mut self, char: char) {
        self.put(char);
        self.indentation = false;
    }

    /// A character that does not end indentation.
    pub(crate) fn put(&mut self, char: char) {
        self.out.add(char.encode_utf8(&mut [0; 4]));
        self.column += 1;
    }

    /// A line, or a part of it, of a scalar.
    pub(crate) fn text(&mut self, text: &str) {
        self.out.add(text);
        self.column += text.bytes().filter(|b| (b & 0xC0) != 0x80).count();
        self.indentation = false;
    }

    /// The blank before a scalar, if one is needed.
    pub(crate) fn separate(&mut self) {
        if !self.whitespace {
            self.put(' ');
        }
    }

    /// Ends a scalar.
    pub(crate) fn end_scalar(&mut self) {
        self.whitespace = false;
        self.indentation = false;
    }

    /// A whole scalar that needs no care.
    pub(crate) fn plain(&mut self, text: &str) {
        self.separate();
        self.text(text);
        self.end_scalar();
    }

    /// `-`, `?` or `:` at the start of a line.
    pub(crate) fn block_indicator(&mut self, char: char) {
        self.separate();
        self.put(char);
        self.whitespace = false;
    }

    /// `:` directly behind a key, or a closing bracket.
    pub(crate) fn attached(&mut self, char: char) {
        self.put(char);
        self.end_scalar();
    }

    /// Ends a comment and its line.
    pub(crate) fn end_comment(&mut self) {
        if self.column > 0 {
            self.line_break('\n');
        }
        self.whitespace = true;
    }
}
