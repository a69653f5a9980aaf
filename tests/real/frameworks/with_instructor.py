import instructor
import openai
from pydantic import BaseModel
from tracing import FIRST, MODEL, SYSTEM, instrumented

instrumented(
    openinference="openinference.instrumentation.instructor:InstructorInstrumentor+openinference.instrumentation.openai:OpenAIInstrumentor",
)


class track(BaseModel):
    parcel: int


client = instructor.from_openai(openai.OpenAI(base_url=MODEL, api_key="k"))
client.chat.completions.create(
    model="parcel",
    messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": FIRST}],
    response_model=track,
)
