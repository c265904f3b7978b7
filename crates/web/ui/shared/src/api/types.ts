/** The API's nouns under their plain names; `schema.d.ts` is generated and knows them by path only. */
import type { components, operations } from './schema.d.ts';

type Schemas = components['schemas'];

export type AnnouncementDetail = Schemas['AnnouncementDetail'];
export type AnnouncementDraft = Schemas['AnnouncementDraft'];
export type AnnouncementState = Schemas['AnnouncementState'];
export type Bulletin = Schemas['Bulletin'];
export type Categories = Schemas['Categories'];
export type CategoryField = Schemas['CategoryField'];
export type Comparison = Schemas['Comparison'];
export type Condition = Schemas['Condition'];
export type Correction = Schemas['Correction'];
export type CorrectionField = Schemas['CorrectionField'];
export type CorrectionValues = Schemas['CorrectionValues'];
export type Department = Schemas['Department'];
export type DeadJob = Schemas['DeadJob'];
export type DigestRule = Schemas['DigestRule'];
export type ExportDefinition = Schemas['ExportDefinition'];
export type Field = Schemas['Field'];
export type FollowUp = Schemas['FollowUp'];
export type FollowUpReason = Schemas['FollowUpReason'];
export type FiguredForm = Schemas['FiguredForm'];
export type Form = Schemas['Form'];
export type FormToday = Schemas['FormToday'];
export type Me = Schemas['Me'];
export type MovementRow = Schemas['MovementRow'];
export type MovementTable = Schemas['MovementTable'];
export type MyCorrection = Schemas['MyCorrection'];
export type MyFact = Schemas['MyFact'];
export type MyNotice = Schemas['MyNotice'];
export type MySession = Schemas['MySession'];
export type PersonRow = Schemas['PersonRow'];
export type Phone = Schemas['Phone'];
export type Operations = Schemas['Operations'];
export type Outage = Schemas['Outage'];
export type PrivacyNotice = Schemas['PrivacyNotice'];
export type ProblemBody = Schemas['Problem'];
export type Receipt = Schemas['Receipt'];
export type ReminderRule = Schemas['ReminderRule'];
export type ReminderState = Schemas['ReminderState'];
export type Report = Schemas['Report'];
export type Review = Schemas['Review'];
export type ReviewAnswers = Schemas['ReviewAnswers'];
export type ReviewDetail = Schemas['ReviewDetail'];
export type ReviewFlag = Schemas['ReviewFlag'];
export type ReviewState = Schemas['ReviewState'];
export type Revision = Schemas['Revision'];
export type Role = Schemas['RoleName'];
export type Row = Schemas['StatisticsRow'];
export type SignOffRow = Schemas['SignOffRow'];
export type SignOffTable = Schemas['SignOffTable'];
export type Statistics = Schemas['Statistics'];
export type SyncRun = Schemas['SyncRun'];
export type SyncRunDetail = Schemas['SyncRunDetail'];
export type Trend = Schemas['Trend'];
export type TripItem = Schemas['TripItem'];
export type TripSummary = Schemas['TripSummary'];
export type Unreported = Schemas['Unreported'];
export type UnreportedRow = Schemas['UnreportedRow'];

/** The answers of one report, by field name. */
export type Answers = Record<string, unknown>;
/** Which of those expected: the five numbers of the school table, each a list of people. */
export type PeopleState = NonNullable<NonNullable<operations['statistics_people']['parameters']['query']>['state']>;
/** How deep a row of the school table stands. */
export type Level = Schemas['By'];
/** Which of a department's staff. */
export type MovementState = NonNullable<NonNullable<operations['movements_people']['parameters']['query']>['state']>;
