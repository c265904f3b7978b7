import { ElMessage } from 'element-plus';
import 'element-plus/theme-chalk/el-message.css';

/**
 * A line in the bar above, where it covers nothing, that goes by itself; screen readers hear it. The newest takes the
 * place of the one before. What went wrong takes longer to read.
 */
export function tell(kind: 'success' | 'error' | 'info', words: string): void {
  ElMessage.closeAll();
  ElMessage({ type: kind, message: words, showClose: true, duration: kind === 'error' ? 8000 : 4000, offset: 8 });
}
