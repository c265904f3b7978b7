//! A file as sheets of text.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};

/// What a workbook may unpack to, in bytes.
const UNPACKED: u64 = 256 << 20;
/// Rows taken at most, of all sheets.
pub const MAX_ROWS: usize = 100_000;

/// One sheet: its name, and its rows with where they stand, counted from 1.
#[derive(Debug)]
pub struct Sheet {
    /// None for CSV.
    pub name: Option<String>,
    /// Trimmed cells; rows without any are left out.
    pub rows: Vec<(usize, Vec<String>)>,
}

/// Reads a file of any kind.
pub fn read(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    let mut sheets = if bytes.starts_with(b"PK\x03\x04") {
        workbook(bytes)?
    } else if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err("是旧版 Excel（.xls）。请在 Excel 中另存为 .xlsx 或 CSV".into());
    } else {
        vec![Sheet { name: None, rows: csv_rows(&decode(bytes)?)? }]
    };
    for sheet in &mut sheets {
        sheet.rows.retain(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
    }
    sheets.retain(|sheet| !sheet.rows.is_empty());
    let rows: usize = sheets.iter().map(|sheet| sheet.rows.len()).sum();
    match rows {
        0 => Err("文件是空的".into()),
        _ if rows > MAX_ROWS => Err(format!("超过 {MAX_ROWS} 行，请删减后再试")),
        _ => Ok(sheets),
    }
}

/// UTF-8, or what Excel writes in China.
fn decode(bytes: &[u8]) -> Result<String, String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.trim_start_matches('\u{feff}').to_owned());
    }
    encoding_rs::GB18030
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(|text| text.into_owned())
        .ok_or_else(|| "编码认不出来。请用 Excel 另存为“CSV UTF-8（逗号分隔）”或 .xlsx".into())
}

fn csv_rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, String> {
    // A title may stand above the headings: the sign that is most frequent in the first lines separates.
    let head: String = text.lines().take(5).collect();
    let count = |sign: u8| head.bytes().filter(|byte| *byte == sign).count();
    let delimiter = [b';', b'\t', b','].into_iter().max_by_key(|sign| count(*sign)).unwrap_or(b',');
    let mut file = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    file.records()
        .map(|record| {
            let record = record.map_err(|error| format!("CSV 读不懂：{error}"))?;
            let line = record.position().map_or(0, |at| usize::try_from(at.line()).unwrap_or(0));
            Ok((line, record.iter().map(str::to_owned).collect()))
        })
        .collect()
}

fn workbook(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    let broken = || "Excel 文件打不开，请在 Excel 中重新保存为 .xlsx".to_owned();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    let mut unpacked = 0_u64;
    for place in 0..archive.len() {
        unpacked = unpacked.saturating_add(archive.by_index_raw(place).map_err(|_| broken())?.size());
    }
    if unpacked > UNPACKED {
        return Err("Excel 文件展开后太大，请删去图片和多余的工作表".into());
    }
    let mut book: Xlsx<_> =
        calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(|_: calamine::XlsxError| broken())?;
    let mut sheets = Vec::new();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).map_err(|_| broken())?;
        let first = range.start().map_or(0, |(row, _)| row as usize) + 1;
        let rows = (first..).zip(range.rows()).map(|(line, cells)| (line, cells.iter().map(text).collect()));
        sheets.push(Sheet { rows: rows.collect(), name: Some(name) });
    }
    Ok(sheets)
}

/// As a person reads the cell: a number without a fraction is the number.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        other => other.to_string().trim().to_owned(),
    }
}
