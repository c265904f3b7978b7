import { ElMessage } from 'element-plus';
import 'element-plus/theme-chalk/el-message.css';

/** A line at the top of the window that goes by itself; screen readers hear it. */
export function tell(kind: 'success' | 'error' | 'info', words: string): void {
  ElMessage({ type: kind, message: words, showClose: true, duration: 4000, offset: 64 });
}
