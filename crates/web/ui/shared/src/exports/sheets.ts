import type { ExportDefinition } from '../api/types.ts';

/** What a sheet of a page holds. Sheets are read by the school, so their headings are Chinese like the data in them. */
const COLUMNS = {
  report_table: [
    ['index', '序号'],
    ['unit', '单位'],
    ['expected', '应报'],
    ['reported', '已报'],
    ['unreported', '未报'],
    ['report_rate', '上报率（%）'],
    ['normal', '正常'],
    ['abnormal', '异常'],
    ['late', '迟报'],
  ],
  report_categories: [
    ['index', '序号'],
    ['unit', '单位'],
    ['question', '统计项'],
    ['category', '类别'],
    ['count', '人数'],
  ],
  report_span: [
    ['index', '序号'],
    ['day', '日期'],
    ['unit', '单位'],
    ['expected', '应报'],
    ['reported', '已报'],
    ['unreported', '未报'],
    ['report_rate', '上报率（%）'],
    ['abnormal', '异常'],
    ['late', '迟报'],
  ],
  report_people: [
    ['index', '序号'],
    ['number', '学号/工号'],
    ['name', '姓名'],
    ['college', '学院'],
    ['place', '班级或部门'],
    ['report_state', '填报情况'],
    ['late', '迟报'],
    ['revised_at', '最近提交'],
  ],
  trips: [
    ['index', '序号'],
    ['number', '学号/工号'],
    ['name', '姓名'],
    ['college', '学院'],
    ['place', '班级或部门'],
    ['region', '目的地'],
    ['left_on', '离开日期'],
    ['returned_on', '返回日期'],
    ['transport', '交通方式'],
  ],
  movements: [
    ['index', '序号'],
    ['unit', '部门'],
    ['staff', '总人数'],
    ['away', '外出人数'],
    ['back', '返回人数'],
    ['on_leave', '请假人数'],
    ['note', '备注'],
    ['heads', '负责人'],
  ],
  passages: [
    ['index', '序号'],
    ['name', '姓名'],
    ['number', '学号'],
    ['college', '学院名称'],
    ['major', '专业名称'],
    ['place', '班级名称'],
    ['passed_at', '进出时间'],
    ['direction', '进出类型'],
    ['gate', '门岗'],
    ['outcome', '结果'],
    ['flags', '需核对'],
  ],
  passage_table: [
    ['index', '序号'],
    ['unit', '单位'],
    ['entered', '进（人次）'],
    ['exited', '出（人次）'],
    ['count', '人数'],
  ],
  outsiders: [
    ['index', '序号'],
    ['name', '姓名'],
    ['number', '学号'],
    ['place', '班级名称'],
    ['passed_at', '离开时间'],
    ['gate', '离开的门岗'],
  ],
  usage: [
    ['index', '序号'],
    ['userid', '账号'],
    ['name', '姓名'],
    ['place', '班级或部门'],
    ['account_state', '状态'],
    ['last_used', '最近使用时间'],
    ['client', '使用平台'],
    ['day', '记录日期'],
  ],
  usage_console: [
    ['index', '序号'],
    ['userid', '账号'],
    ['name', '姓名'],
    ['place', '班级或部门'],
    ['account_state', '状态'],
    ['last_used', '最近使用时间'],
    ['client', '使用平台'],
    ['day', '记录日期'],
  ],
  portal: [
    ['index', '序号'],
    ['number', '学号/工号'],
    ['name', '姓名'],
    ['college', '学院'],
    ['place', '班级或部门'],
    ['here', '本校情况'],
    ['there', '对方名单'],
  ],
} as const;

export type Sheet = keyof typeof COLUMNS;

/** What the units of 进出统计表 are, by how it is grouped. */
export const PASSAGE_UNITS = { college: '学院', class: '班级', day: '日期' } as const;

type Filters = NonNullable<ExportDefinition['filters']>;

/** Filters that pick nothing away. */
export const NO_FILTERS = {
  kind: null,
  staff_kind: null,
  department: null,
  year: null,
  activation: null,
  past: false,
  form: null,
  day: null,
  slot: null,
  by: null,
  state: null,
  field: null,
  category: null,
  from: null,
  to: null,
  open: false,
  outside: null,
  within: null,
  since: null,
  client: null,
  entry: null,
  gate: null,
  direction: null,
  outcome: null,
  visitors: false,
  zone: null,
  at: null,
} satisfies Filters;

/** What a page says of its filters: what it leaves out picks nothing away. */
type Given = { [Name in keyof Filters]?: Filters[Name] | undefined };

/** A definition of a page's sheet; `unit` heads its units where they have a name of their own. */
export function sheetOf(sheet: Sheet, given: Given, unit?: string): ExportDefinition {
  const filters: Filters = { ...NO_FILTERS, ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<Filters>) };
  return { dataset: sheet, columns: COLUMNS[sheet].map(([column, title]) => ({ column, title: column === 'unit' && unit !== undefined ? unit : title })), order: 'listed', filters };
}
