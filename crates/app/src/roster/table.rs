//! A file as rows of text: CSV in the encodings schools have, or the first sheet of an Excel workbook. Headings are matched to our
//! columns by what schools call them.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use domain::roster::{EXAMPLE, Line, LineError, column_of};

use super::ImportError;

/// What a workbook may unpack to, in bytes: fifty times the largest that is taken, and not a bomb.
const UNPACKED: u64 = 256 << 20;
/// Rows taken at most.
const MAX_ROWS: usize = 100_000;

/// Headings and rows of a file, before anybody says what they mean.
#[derive(Debug)]
pub(crate) struct Sheet {
    file: &'static str,
    /// As the file heads them.
    pub(super) headings: Vec<String>,
    rows: Vec<(u64, Vec<String>)>,
}

/// Rows of text, with the line each began at.
pub(crate) struct Table {
    file: &'static str,
    columns: &'static [&'static str],
    /// As the file heads them.
    headings: Vec<String>,
    /// Our column of each heading.
    known: Vec<Option<&'static str>>,
    rows: Vec<(u64, Vec<String>)>,
}

/// A heading of the file and what it is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// As the file has it.
    pub heading: String,
    /// Our column; none for one we don't use.
    pub column: Option<&'static str>,
}

impl Sheet {
    /// Reads a file of any kind. The example row of a template is none of its rows.
    pub(crate) fn read(file: &'static str, bytes: &[u8]) -> Result<Self, ImportError> {
        let unreadable = |reason: String| ImportError::Unreadable { file, reason };
        let rows = if bytes.starts_with(b"PK\x03\x04") {
            workbook(bytes).map_err(unreadable)?
        } else if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
            return Err(unreadable("是旧版 Excel（.xls）。请在 Excel 中另存为 .xlsx 或 CSV".into()));
        } else {
            csv_rows(&decode(bytes).map_err(unreadable)?).map_err(unreadable)?
        };
        // No text in the database holds it.
        if let Some((line, _)) = rows.iter().find(|(_, cells)| cells.iter().any(|cell| cell.contains('\0'))) {
            return Err(unreadable(format!("第 {line} 行含有看不见的空字符，请删去后重新上传")));
        }
        let mut rows = rows.into_iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
        let (_, headings) = rows.next().ok_or_else(|| unreadable("文件是空的".into()))?;
        let is_example = |cells: &[String]| {
            cells.first().is_some_and(|cell| cell.trim_start().starts_with(EXAMPLE.trim_end()))
        };
        let rows: Vec<_> = rows.filter(|(_, cells)| !is_example(cells)).collect();
        if rows.len() > MAX_ROWS {
            return Err(unreadable(format!("超过 {MAX_ROWS} 行，请分成几个文件")));
        }
        Ok(Self { file, headings, rows })
    }

    /// How many rows there are below the header.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether one of its headings means this column of these.
    pub(crate) fn means(&self, columns: &'static [&'static str], column: &str) -> bool {
        self.headings.iter().any(|heading| column_of(heading, columns) == Some(column))
    }

    /// Headings and what they are taken for: as somebody says, or by their words.
    pub(super) fn taken_for(
        &self,
        columns: &'static [&'static str],
        said: Option<&[Option<&'static str>]>,
    ) -> Vec<Heading> {
        let known = said.map_or_else(|| self.known(columns), <[_]>::to_vec);
        heads(&self.headings, &known)
    }

    /// Its rows by our columns. `needed` are those it can't be without; `said` is what each heading means where a
    /// person knows better than the words.
    pub(crate) fn table(
        self,
        columns: &'static [&'static str],
        needed: &[&str],
        said: Option<&[Option<&'static str>]>,
    ) -> Result<Table, ImportError> {
        let known = said.map_or_else(|| self.known(columns), <[_]>::to_vec);
        let Self { file, headings, rows } = self;
        let missing: Vec<&str> =
            needed.iter().copied().filter(|column| !known.contains(&Some(*column))).collect();
        if !missing.is_empty() {
            let titles: Vec<&str> = missing.iter().map(|column| domain::roster::title_of(column)).collect();
            let reason = format!("第一行缺少 {}（{}）列", titles.join("、"), missing.join("、"));
            return Err(ImportError::Unreadable { file, reason });
        }
        let table = Table { file, columns, headings, known, rows };
        table.check_widths()?;
        Ok(table)
    }

    /// Our column of each heading; the first heading of a meaning counts.
    fn known(&self, columns: &'static [&'static str]) -> Vec<Option<&'static str>> {
        let mut taken = Vec::new();
        let meaning = |heading: &String| {
            let column = column_of(heading, columns).filter(|column| !taken.contains(column));
            taken.extend(column);
            column
        };
        let mut known: Vec<_> = self.headings.iter().map(meaning).collect();
        // Freshmen have no number yet: the key they came with (考生号, 录取号) stands for it where there is no other.
        if columns.contains(&"number") && !known.contains(&Some("number")) {
            let temporary = |heading: &String| column_of(heading, &["old_number"]).is_some();
            if let Some(place) = self.headings.iter().position(temporary) {
                known[place] = Some("number");
            }
        }
        known
    }
}

fn heads(headings: &[String], known: &[Option<&'static str>]) -> Vec<Heading> {
    let headings = headings.iter().zip(known);
    headings.map(|(heading, column)| Heading { heading: heading.clone(), column: *column }).collect()
}

impl Table {
    /// Headings and what they are taken for.
    pub(crate) fn headings(&self) -> Vec<Heading> {
        heads(&self.headings, &self.known)
    }

    /// Reads a file of any kind by its own headings. `needed` are the columns it can't be without.
    pub(crate) fn read(
        file: &'static str,
        columns: &'static [&'static str],
        needed: &[&str],
        bytes: &[u8],
    ) -> Result<Self, ImportError> {
        Sheet::read(file, bytes)?.table(columns, needed, None)
    }

    /// Whether the file has this column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.known.contains(&Some(column))
    }

    /// Whether there is anything below the header.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many rows there are below the header.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    fn check_widths(&self) -> Result<(), ImportError> {
        let width = self.headings.len();
        // Trailing cells without a heading say nothing where they are empty.
        let surplus = |cells: &[String]| {
            cells.get(width..).is_some_and(|more| more.iter().any(|cell| !cell.is_empty()))
        };
        let wrong = self.rows.iter().filter(|(_, cells)| surplus(cells) || cells.len() < width);
        let errors = wrong.map(|(line, cells)| LineError {
            line: *line,
            column: self.columns[0].into(),
            message: format!("这一行有 {} 列，表头有 {width} 列，请核对逗号", cells.len()),
        });
        self.fail_if_any(errors.collect())
    }

    /// The rows, by our columns.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.rows.iter().map(|(number, cells)| Line {
            number: *number,
            cells: (self.known.iter())
                .zip(cells)
                .filter_map(|(column, cell)| column.map(|column| (column, cell.as_str())))
                .collect(),
        })
    }

    /// All that is wrong, in the file's order and by its own headings.
    pub(crate) fn fail_if_any(&self, mut errors: Vec<LineError>) -> Result<(), ImportError> {
        if errors.is_empty() {
            return Ok(());
        }
        for error in &mut errors {
            let place = self.known.iter().position(|column| *column == Some(&*error.column));
            error.column = match place {
                Some(place) => self.headings[place].clone().into(),
                None => domain::roster::title_of(&error.column).to_owned().into(),
            };
        }
        errors.sort_by_key(|error| error.line);
        Err(ImportError::Lines { file: self.file, errors })
    }
}

/// UTF-8, or what Excel writes in China.
fn decode(bytes: &[u8]) -> Result<String, String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.trim_start_matches('\u{feff}').to_owned());
    }
    let text = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(|text| text.into_owned())
        .ok_or_else(|| "编码认不出来。请用 Excel 另存为“CSV UTF-8（逗号分隔）”或 .xlsx".into())
}

fn csv_rows(text: &str) -> Result<Vec<(u64, Vec<String>)>, String> {
    let head = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b'\t', b';'].into_iter().max_by_key(|sign| {
        // The first of equals: max_by_key takes the last, so commas weigh a little more.
        head.bytes().filter(|byte| byte == sign).count() * 2 + usize::from(*sign == b',')
    });
    let mut csv = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .flexible(true)
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(text.as_bytes());
    csv.records()
        .map(|record| {
            let record = record.map_err(|error| error.to_string())?;
            let line = record.position().map_or(0, csv::Position::line);
            Ok((line, record.iter().map(str::to_owned).collect()))
        })
        .collect()
}

fn workbook(bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, String> {
    let broken = |_| "Excel 文件打不开，请在 Excel 中重新保存为 .xlsx".to_owned();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
    let mut unpacked = 0_u64;
    for place in 0..archive.len() {
        let entry = archive.by_index_raw(place).map_err(|error| broken(error.to_string()))?;
        unpacked = unpacked.saturating_add(entry.size());
    }
    if unpacked > UNPACKED {
        return Err("Excel 文件展开后太大，请删去图片和多余的工作表".into());
    }
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes))
        .map_err(|error: calamine::XlsxError| broken(error.to_string()))?;
    let sheet = book.worksheet_range_at(0).ok_or("Excel 文件里没有工作表")?;
    let sheet = sheet.map_err(|error| broken(error.to_string()))?;
    let first = sheet.start().map_or(0, |(row, _)| row);
    let rows = (first..).zip(sheet.rows());
    Ok(rows.map(|(row, cells)| (u64::from(row) + 1, cells.iter().map(text_of).collect())).collect())
}

/// As a person reads the cell: a number without a fraction is the number, a day is a day.
fn text_of(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::DateTime(time) => {
            time.as_datetime().map_or_else(String::new, |time| time.format("%Y-%m-%d").to_string())
        }
        Data::DateTimeIso(text) => text.split('T').next().unwrap_or_default().to_owned(),
        other => other.to_string().trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::roster::PEOPLE_COLUMNS;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Table, String> {
        Table::read("人员名册", &PEOPLE_COLUMNS, &["number", "name"], bytes)
            .map_err(|error| error.to_string())
    }

    fn cells(table: &Table) -> Vec<(u64, String, String)> {
        let cell = |line: &Line<'_>, name: &str| line.cells.get(name).map_or("", |cell| cell).to_owned();
        table.lines().map(|line| (line.number, cell(&line, "number"), cell(&line, "name"))).collect()
    }

    #[test]
    fn a_nul_is_told_by_its_line() {
        let told = read("学号,姓名\n1,点名\n2,点\0名\n".as_bytes()).err().unwrap_or_default();
        assert!(told.contains("第 3 行"), "{told}");
    }

    #[test]
    fn the_encodings_and_commas_schools_have() {
        let text = "学号,姓名\n1,点名\n";
        let expected = [(2, "1".to_owned(), "点名".to_owned())];
        let gb = encoding_rs::GB18030.encode(text).0.into_owned();
        for bytes in [
            text.as_bytes(),
            format!("\u{feff}{text}").as_bytes(),
            &gb,
            text.replace(',', "\t").as_bytes(),
            text.replace(',', ";").as_bytes(),
        ] {
            assert_eq!(cells(&read(bytes).unwrap()), expected);
        }
        assert!(read(b"\xff\xfe\x66\x5b").err().unwrap().contains("编码认不出来"));
        assert!(read(b"\xd0\xcf\x11\xe0\xa1").err().unwrap().contains("另存为 .xlsx"));
        assert!(read(b"PK\x03\x04nonsense").err().unwrap().contains("打不开"));
        assert!(read(b"\n\n").err().unwrap().contains("空的"));
    }

    #[test]
    fn a_workbook_that_would_fill_the_memory_is_not_unpacked() {
        use std::io::Write;
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("xl/worksheets/sheet1.xml", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"zeros").unwrap();
        let mut bytes = zip.finish().unwrap().into_inner();
        // How large it will be stands before the file, and in the list of all at the end.
        let listed = bytes.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
        let size = u32::try_from(UNPACKED).unwrap() + 1;
        for place in [22, listed + 24] {
            assert_eq!(bytes[place..place + 4], 5_u32.to_le_bytes());
            bytes[place..place + 4].copy_from_slice(&size.to_le_bytes());
        }
        assert!(read(&bytes).err().unwrap().contains("展开后太大"));
    }

    #[test]
    fn headings_are_matched_and_the_first_of_a_meaning_counts() {
        let table = read("序号,学号,姓名,民族,联系电话,手机\n1,20181,甲,汉,100,200\n".as_bytes()).unwrap();
        let columns: Vec<_> = table.headings().into_iter().map(|heading| heading.column).collect();
        assert_eq!(columns, [None, Some("number"), Some("name"), None, Some("phone"), None]);
        let freshmen = read("考生号,姓名\n1931,甲\n".as_bytes()).unwrap();
        assert_eq!(cells(&freshmen), [(2, "1931".to_owned(), "甲".to_owned())]);
        let both = read("考生号,学号,姓名\n1931,20191,甲\n".as_bytes()).unwrap();
        assert_eq!(cells(&both), [(2, "20191".to_owned(), "甲".to_owned())]);
        let missing = read("姓名,班级\n甲,1班\n".as_bytes()).err().unwrap();
        assert!(missing.contains("第一行缺少 学号（number）列"), "{missing}");
    }

    #[test]
    fn cells_too_many_are_told_by_line() {
        let error = read("学号,姓名\n1,甲,多\n2\n3,丙,\n".as_bytes()).err().unwrap();
        assert!(error.contains("第 2 行 学号 列：这一行有 3 列") && error.contains("第 3 行"), "{error}");
        assert!(!error.contains("第 4 行"), "a comma at the end is nothing");
    }

    #[test]
    fn numbers_and_days_of_a_workbook_are_read_as_shown() {
        use calamine::{ExcelDateTime, ExcelDateTimeType};
        let day = ExcelDateTime::new(43709.0, ExcelDateTimeType::DateTime, false);
        assert_eq!(text_of(&Data::DateTime(day)), "2019-09-01");
        assert_eq!(text_of(&Data::Float(20_181_234.0)), "20181234");
        assert_eq!(text_of(&Data::Float(36.5)), "36.5");
        assert_eq!(text_of(&Data::String(" 甲 ".into())), "甲");
    }
}
